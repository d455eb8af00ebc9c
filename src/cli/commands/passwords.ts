// `idem passwords`: the password of the account.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { passwordsCancelCommand } from './passwords-cancel.js'
import { passwordsResetCommand } from './passwords-reset.js'
import { passwordsSetCommand } from './passwords-set.js'

/** `idem passwords`, with `set`, `reset` and `cancel`. */
export const passwordsCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'passwords',
    summary: 'Set the password of your account, or reset a forgotten one',
    details: 'To remove it: idem identities remove password',
    examples: [
      'idem passwords set < password.txt',
      'idem passwords reset --email ada@example.org < password.txt',
    ],
  })
    .addCommand(passwordsSetCommand(machine))
    .addCommand(passwordsResetCommand(machine))
    .addCommand(passwordsCancelCommand(machine))
