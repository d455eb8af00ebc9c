// `idem passwords cancel`: cancels a reset of the password that waits.

import type { Command } from 'commander'
import { cancelPasswordReset, fetchPasswordReset } from '../../client/password.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'

/** `idem passwords cancel` */
export const passwordsCancelCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'cancel',
    summary: 'Cancel a reset of your password that waits',
    details: 'Whoever is signed in to the account can. The password stays what it is.',
    examples: ['idem passwords cancel'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const session = openSession(connection)
    const reset = await fetchPasswordReset(session)
    if (reset === null) throw new CliError('NOT_FOUND', 'No reset of your password waits.')
    await cancelPasswordReset(session, reset.id)
    connection.output.result(
      { cancelled: reset.id },
      'The reset is cancelled: the password stays what it is. If it was not you who asked for it, ' +
        'somebody may read your mails.',
    )
  })
