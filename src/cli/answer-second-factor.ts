// Asks for the second factor that an account wants: an emailed code, one of an authenticator app, a recovery code or
// the password.

import { fetchChallenge } from '../client/email-challenge.js'
import { IdemError } from '../client/idem-error.js'
import { methodNames } from '../client/method-names.js'
import type { Answer } from '../client/proof.js'
import {
  answerWithPassword,
  answerWithRecoveryCode,
  answerWithTotp,
  type SecondFactor,
} from '../client/second-factor.js'
import { answerMail } from './answer-mail.js'
import { CliError } from './cli-error.js'
import type { Connection } from './invocation.js'
import { tellOfMail } from './tell-of-mail.js'

/** The challenge, and what to do with its answer. */
export interface SecondFactorAnswering<Result> {
  readonly more: SecondFactor
  /** What names the account where a password is asked for: a handle or an address; null if unknown. */
  readonly login: string | null
  /** Submits an answer; `PROOF_REJECTED` counts as a wrong one. */
  readonly submit: (answer: Answer) => Promise<Result>
}

/** How often a person may try; after that the command has to be run again. */
const mostTries = 5

/** The result of `submit`. `STEP_UP_REQUIRED` if the command line cannot give what is asked for. */
export const answerSecondFactor = async <Result>(
  connection: Connection,
  answering: SecondFactorAnswering<Result>,
): Promise<Result> => {
  const { more, submit } = answering
  if (more.method === methodNames.email) {
    const challenge = await fetchChallenge(connection.transport, more.id)
    tellOfMail(connection, challenge, 'the address of this account')
    if (mayRecover(more)) connection.output.progress('A recovery code serves too.')
    return answerMail(connection, { challenge, submit, readOther: (line) => recoveryAnswerIn(more, line) })
  }
  const ask = asker(connection, answering)
  for (let triesLeft = mostTries - 1; ; triesLeft -= 1) {
    const answer = await ask()
    try {
      return await submit(answer)
    } catch (error) {
      if (triesLeft === 0 || !connection.prompter.isInteractive || !isWrong(error)) throw error
      connection.output.progress('That is not right. Try again.')
    }
  }
}

/** Asks the question of the challenge, once for each call. */
const asker = (
  { prompter }: Connection,
  { more, login }: Pick<SecondFactorAnswering<unknown>, 'more' | 'login'>,
): (() => Promise<Answer>) => {
  const orRecovery = mayRecover(more) ? ', or a recovery code' : ''
  switch (more.method) {
    case methodNames.totp:
      return async () => {
        const line = await prompter.ask(`Code of your authenticator app${orRecovery}:`, 'A second factor')
        return recoveryAnswerIn(more, line) ?? answerWithTotp(more.id, line.replace(/\s/g, ''))
      }
    case methodNames.password:
      return async () => {
        const named = login ?? (await prompter.ask('Your handle or email address:', 'The account'))
        const password = await prompter.askHidden(`Password${orRecovery}:`, 'The password')
        return (
          recoveryAnswerIn(more, password) ?? answerWithPassword({ login: named.trim(), password }, more.id)
        )
      }
    default:
      throw new CliError(
        'STEP_UP_REQUIRED',
        `The account asks for a second factor that idem cannot give here: ${more.method}.`,
        'Sign in with a browser, at /sign-in of the server.',
      )
  }
}

const isWrong = (error: unknown): boolean =>
  error instanceof IdemError && (error.code === 'PROOF_REJECTED' || error.code === 'BAD_USER_INPUT')

const mayRecover = ({ methods }: SecondFactor): boolean => methods.includes(methodNames.recoveryCode)

/** The form of recovery codes: longer than any other code, letters and digits in groups. */
const recoveryForm = /^[A-Z0-9]{12,40}$/

const recoveryAnswerIn = (more: SecondFactor, line: string): Answer | null => {
  const code = line.toUpperCase().replace(/[\s-]/g, '')
  return mayRecover(more) && recoveryForm.test(code) ? answerWithRecoveryCode(more.id, code) : null
}
