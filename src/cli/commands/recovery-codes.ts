// `idem recovery-codes`: makes new recovery codes and shows them this once.

import type { Command } from 'commander'
import { IdemError } from '../../client/idem-error.js'
import { createRecoveryCodes } from '../../client/second-factors.js'
import type { Session } from '../../client/session.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

interface RecoveryCodesOptions {
  readonly yes?: boolean
  readonly signWith?: string
}

/** `idem recovery-codes` */
export const recoveryCodesCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'recovery-codes',
    summary: 'Make 10 recovery codes and show them this once',
    details:
      'Each serves once, in place of any second factor and for a reset of the password. New ones replace the old. ' +
      'Without a terminal, or with --json, --yes says that this is meant.',
    examples: [
      'echo "$TOTP" | idem recovery-codes --yes > codes.txt',
      'echo "$TOTP" | idem recovery-codes --yes --json',
    ],
  })
    .option('--yes', 'replace former codes without asking')
    .option('--sign-with <file>', 'a key of this account, for the first of the two proofs')
    .action(async function (this: Command) {
      const { yes, signWith } = this.opts<RecoveryCodesOptions>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      if (yes !== true && !(await isMeant(connection)))
        throw new CliError('USAGE', 'No codes were made: the former ones still serve.')
      const recoveryCodes = await create(connection, session, signWith ?? null)
      connection.output.result({ recoveryCodes }, recoveryCodes.join('\n'))
      connection.output.progress(
        'Print them, or keep them where the authenticator app is not. They are not shown again.',
      )
    })

const isMeant = async ({ prompter }: Connection): Promise<boolean> => {
  if (prompter.isInteractive) return prompter.confirm('New recovery codes end the former ones. Make them?')
  throw new CliError('USAGE', 'New recovery codes end the former ones.', 'Say that this is meant: --yes')
}

const create = async (
  connection: Connection,
  session: Session,
  signWith: string | null,
): Promise<readonly string[]> => {
  try {
    return await withStepUp(connection, { session, signWith }, () => createRecoveryCodes(session))
  } catch (error) {
    if (!(error instanceof IdemError) || error.code !== 'CONFLICT') throw error
    throw new CliError('NO_SECOND_FACTOR', error.message, 'First: idem totp enrol, or: idem passwords set', {
      cause: error,
    })
  }
}
