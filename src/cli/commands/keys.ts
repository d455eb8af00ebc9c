// `idem keys`: the keys of the account.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { keysAddCommand } from './keys-add.js'
import { keysListCommand } from './keys-list.js'
import { keysRemoveCommand } from './keys-remove.js'

/** `idem keys`, with `list`, `add` and `remove`. */
export const keysCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'keys',
    summary: 'List, add and remove the keys of your account',
    examples: [
      'idem keys list',
      'idem keys add --private-key new.pem --label laptop',
      'idem keys remove laptop',
    ],
  })
    .addCommand(keysListCommand(machine))
    .addCommand(keysAddCommand(machine))
    .addCommand(keysRemoveCommand(machine))
