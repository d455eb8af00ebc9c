// `idem totp`: the authenticator app of the account.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { totpEnrolCommand } from './totp-enrol.js'
import { totpRemoveCommand } from './totp-remove.js'

/** `idem totp`, with `enrol` and `remove`. */
export const totpCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'totp',
    summary: 'Set up an authenticator app as the second factor of your account, or remove it',
    examples: ['idem totp enrol', 'echo "$TOTP" | idem totp remove'],
  })
    .addCommand(totpEnrolCommand(machine))
    .addCommand(totpRemoveCommand(machine))
