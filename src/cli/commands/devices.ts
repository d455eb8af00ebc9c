// `idem devices`: the devices of the account.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { devicesListCommand } from './devices-list.js'
import { devicesRemoveCommand } from './devices-remove.js'

/** `idem devices`, with `list` and `remove`. */
export const devicesCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'devices',
    summary: 'List and remove the devices that confirm a reset of your password',
    details: '`idem passwords set` makes the machine on which it runs a device.',
    examples: ['idem devices list'],
  })
    .addCommand(devicesListCommand(machine))
    .addCommand(devicesRemoveCommand(machine))
