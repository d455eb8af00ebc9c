// `idem totp enrol`: sets up an authenticator app as the second factor of the account.

import type { Command } from 'commander'
import { IdemError } from '../../client/idem-error.js'
import { confirmTotp, enrolTotp } from '../../client/second-factors.js'
import type { Session } from '../../client/session.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

/** How often a person may try the first code. */
const mostTries = 5

/** `idem totp enrol` */
export const totpEnrolCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'enrol',
    summary: 'Set up an authenticator app (TOTP): from then on every sign-in asks for its code',
    details:
      'Shows a QR code to scan, and the same as text; then asks for a first code, as proof that the app has it. ' +
      'From a pipe the code is one line, after the secret was printed on standard error.',
    examples: ['idem totp enrol'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const session = openSession(connection)
    const totp = await enrol(connection, session)
    const { renderUnicodeCompact } = await import('uqr') // loaded here, because no other command draws
    connection.output.event(
      { totp },
      `${renderUnicodeCompact(totp.uri, { border: 2 })}\n\nScan this with your authenticator app, or type its secret there:\n\n` +
        `    ${totp.secret}\n\n${totp.uri}\n`,
    )
    await confirm(connection, session)
    connection.output.result(
      { confirmed: true },
      'The authenticator app is set up: from now on every sign-in asks for its code.\n' +
        'For the day when it is lost: idem recovery-codes',
    )
  })

const enrol = async (connection: Connection, session: Session) => {
  try {
    return await withStepUp(connection, { session, signWith: null }, () => enrolTotp(session))
  } catch (error) {
    if (!(error instanceof IdemError) || error.code !== 'CONFLICT') throw error
    throw new CliError('CONFLICT', error.message, 'To set up another one: idem totp remove', { cause: error })
  }
}

/** Asks for the first code. The session goes on with tokens that have shown two factors. */
const confirm = async ({ prompter, output }: Connection, session: Session): Promise<void> => {
  for (let triesLeft = mostTries - 1; ; triesLeft -= 1) {
    const code = await prompter.ask('First code of the app:', 'The first code')
    try {
      await session.stepUp((bearer) => confirmTotp(bearer, code.replace(/\s/g, '')))
      return
    } catch (error) {
      const isWrong =
        error instanceof IdemError && (error.code === 'PROOF_REJECTED' || error.code === 'BAD_USER_INPUT')
      if (!isWrong) throw error
      if (triesLeft === 0 || !prompter.isInteractive)
        throw new CliError('PROOF_REJECTED', 'That is not the code of the app.', 'Run the command again.', {
          cause: error,
        })
      output.progress('That is not the code that the app shows now. Is the clock of the phone right?')
    }
  }
}
