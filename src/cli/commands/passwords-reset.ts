// `idem passwords reset`: sets a new password where the old one is forgotten.

import type { Command } from 'commander'
import type { PasswordReset } from '../../client/password.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { describeMoment } from '../describe-moment.js'
import { deviceKeyFor } from '../device-keys.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import type { Machine } from '../machine.js'
import { type ResetProof, resetByMail } from '../reset-by-mail.js'
import { shellWord } from '../shell-word.js'

interface ResetOptions {
  readonly email?: string
  readonly recoveryCode?: boolean
  readonly wait?: boolean
}

const details =
  'Asks for the new password and for the code of a mail. Beside the code, this machine signs, if it became a device by ' +
  '`idem passwords set`; or --recovery-code asks for a recovery code; or --wait begins a wait of 72 hours, of which ' +
  'every address of the account is told and which anyone who is signed in can cancel. After the wait the same command ' +
  'completes it. A reset ends every session and signs nobody in.'

/** `idem passwords reset` */
export const passwordsResetCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'reset',
    summary: 'Set a new password where the old one is forgotten',
    details,
    examples: [
      'idem passwords reset --email ada@example.org < password.txt',
      'idem passwords reset --email ada@example.org --wait < password.txt',
    ],
  })
    .option('--email <address>', 'a verified address of the account')
    .option('--recovery-code', 'give a recovery code beside the code of the mail')
    .option('--wait', 'begin the wait of 72 hours, or complete the reset after it')
    .action(async function (this: Command) {
      const options = this.opts<ResetOptions>()
      if (options.recoveryCode === true && options.wait === true)
        throw new CliError('USAGE', 'Give --recovery-code or --wait, not both.')
      const connection = await connect(openInvocation(machine, this))
      const address = options.email ?? rememberedAddress(connection) ?? (await askForAddress(connection))
      const proof = await chooseProof(connection, options, address)
      const reset = await resetByMail(connection, { address, proof })
      connection.output.result({ reset }, describeReset(connection, reset, address))
    })

const rememberedAddress = ({ kept: { login } }: Connection): string | null => {
  if (login?.method === 'email') return login.address
  return login?.method === 'password' && login.login.includes('@') ? login.login : null
}

const askForAddress = async ({ prompter }: Connection): Promise<string> =>
  (await prompter.ask('Your email address:', 'The address of the account')).trim()

/** The proof beside the code of the mail. A wait is begun only by who says so. */
const chooseProof = async (
  { prompter, kept }: Connection,
  { recoveryCode, wait }: ResetOptions,
  address: string,
): Promise<ResetProof> => {
  if (wait === true) return { by: 'wait' }
  if (recoveryCode === true)
    return { by: 'recovery-code', code: await prompter.ask('Recovery code:', 'A recovery code') }
  const key = deviceKeyFor(kept, address)
  if (key !== null) return { by: 'device', key }
  throw new CliError(
    'KEY_MISSING',
    'This machine is no device of that account, so its signature cannot confirm a reset.',
    'Give a recovery code: --recovery-code. Without one: --wait (72 hours). Or run it on a machine where `idem passwords set` was run.',
  )
}

const describeReset = ({ machine }: Connection, reset: PasswordReset, address: string): string => {
  const { status, availableAt } = reset
  if (status === 'DONE')
    return `The password is set, and every session of the account has ended.\nSign in: idem login --password --email ${shellWord(address)}`
  const from = availableAt === null ? 'later' : describeMoment(availableAt, machine.now())
  return (
    'Nothing has changed yet: the reset waits, and every address of the account was told of it.\n' +
    `Complete it from ${from} on, within 7 days: idem passwords reset --wait --email ${shellWord(address)}\n` +
    'If it is not meant, cancel it: idem passwords cancel'
  )
}
