// `idem totp remove`: takes the authenticator app away.

import type { Command } from 'commander'
import { removeTotp } from '../../client/second-factors.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

/** `idem totp remove` */
export const totpRemoveCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'remove',
    summary: 'Remove the authenticator app of your account',
    details:
      'Asks for a fresh proof with two factors. A code of the app, or a recovery code, is one of them.',
    examples: ['echo "$TOTP" | idem totp remove'],
  })
    .option('--sign-with <file>', 'a key of this account, for the first of the two proofs')
    .action(async function (this: Command) {
      const { signWith } = this.opts<{ signWith?: string }>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      await withStepUp(connection, { session, signWith: signWith ?? null }, () => removeTotp(session))
      connection.output.result({ removed: 'totp' }, 'The authenticator app is no longer asked for.')
    })
