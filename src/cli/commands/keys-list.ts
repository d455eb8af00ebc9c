// `idem keys list`: the keys that open the account.

import type { Command } from 'commander'
import { fetchWhoAmI } from '../../client/account.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { keysOf } from '../keychain.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'
import { requireAccount } from '../require-account.js'

/** `idem keys list` */
export const keysListCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'list',
    summary: 'List the keys of your account',
    details: 'The one that this machine signs in with is marked by *.',
    examples: ['idem keys list', 'idem keys list --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const { me } = await fetchWhoAmI(openSession(connection))
    const keys = keysOf(requireAccount(me), connection.kept.login)
    const rows = keys.map(({ id, label, publicKey, createdAt, isOwn }) => [
      isOwn ? '*' : ' ',
      label ?? '-',
      publicKey,
      createdAt.slice(0, 10),
      id,
    ])
    const table = layOutColumns([[' ', 'LABEL', 'PUBLIC KEY', 'ADDED', 'ID'], ...rows])
    connection.output.result({ keys }, keys.length === 0 ? 'This account has no keys.' : table)
  })
