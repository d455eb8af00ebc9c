// `idem passwords`: the password of the account.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { passwordsSetCommand } from './passwords-set.js'

/** `idem passwords`, with `set`. */
export const passwordsCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'passwords',
    summary: 'Set the password of your account, or reset a forgotten one',
    details: 'To remove it: idem identities remove password',
    examples: ['idem passwords set'],
  }).addCommand(passwordsSetCommand(machine))
