// `idem devices list`: the devices that confirm a reset of the password.

import type { Command } from 'commander'
import { fetchDevices } from '../../client/devices.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'

/** `idem devices list` */
export const devicesListCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'list',
    summary: 'List the devices that confirm a reset of your password',
    details: 'This machine is marked by *.',
    examples: ['idem devices list', 'idem devices list --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const found = await fetchDevices(openSession(connection))
    if (found === null) throw new CliError('SIGNED_OUT', 'Nobody is signed in.', 'Sign in: idem login')
    const own = new Set(connection.kept.deviceKeys.map(({ publicKey }) => publicKey))
    const devices = found.map((device) => ({ ...device, isOwn: own.has(device.publicKey) }))
    const rows = devices.map(({ id, label, createdAt, isOwn }) => [
      isOwn ? '*' : ' ',
      label ?? '-',
      createdAt.slice(0, 10),
      id,
    ])
    const table = layOutColumns([[' ', 'LABEL', 'ADDED', 'ID'], ...rows])
    connection.output.result({ devices }, devices.length === 0 ? 'This account has no devices.' : table)
  })
