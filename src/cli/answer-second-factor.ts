// Asks for the second factor that an account wants: an emailed code, one of an authenticator app, a recovery code or
// the password.

import { fetchChallenge } from '../client/email-challenge.js'
import { IdemError } from '../client/idem-error.js'
import { methodNames } from '../client/method-names.js'
import type { Answer } from '../client/proof.js'
import {
  answerWithRecoveryCode,
  answerWithTotp,
  completeWithPassword,
  type SecondFactor,
} from '../client/second-factor.js'
import { answerMail } from './answer-mail.js'
import { CliError } from './cli-error.js'
import type { Connection } from './invocation.js'
import { tellOfMail } from './tell-of-mail.js'

/** The challenge, and what to do with its answer. */
export interface SecondFactorAnswering<Result> {
  readonly more: SecondFactor
  /** Submits an answer; `PROOF_REJECTED` counts as a wrong one. */
  readonly submit: (answer: Answer) => Promise<Result>
}

/** How often a person may try; after that the command has to be run again. */
const mostTries = 5

/** The result of `submit`. `STEP_UP_REQUIRED` if the command line cannot give what is asked for. */
export const answerSecondFactor = async <Result>(
  connection: Connection,
  { more, submit }: SecondFactorAnswering<Result>,
): Promise<Result> => {
  try {
    return await (more.method === methodNames.email
      ? answerByMail(connection, { more, submit })
      : answerByTyping(connection, { more, submit }))
  } catch (error) {
    throw secondFactorFailure(error)
  }
}

const answerByMail = async <Result>(
  connection: Connection,
  { more, submit }: SecondFactorAnswering<Result>,
): Promise<Result> => {
  const challenge = await fetchChallenge(connection.transport, more.id)
  tellOfMail(connection, challenge, 'the address of this account')
  if (mayRecover(more)) connection.output.progress('A recovery code serves too.')
  return answerMail(connection, { challenge, submit, readOther: (line) => recoveryAnswerIn(more, line) })
}

const answerByTyping = async <Result>(
  connection: Connection,
  { more, submit }: SecondFactorAnswering<Result>,
): Promise<Result> => {
  const ask = asker(connection, more)
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
const asker = ({ prompter }: Connection, more: SecondFactor): (() => Promise<Answer>) => {
  const orRecovery = mayRecover(more) ? ', or a recovery code' : ''
  switch (more.method) {
    case methodNames.totp:
      return async () => {
        const line = await prompter.ask(`Code of your authenticator app${orRecovery}:`, 'A second factor')
        return recoveryAnswerIn(more, line) ?? answerWithTotp(more.id, line.replace(/\s/g, ''))
      }
    case methodNames.password:
      return async () => {
        const password = await prompter.askHidden(`Password${orRecovery}:`, 'The password')
        // A password may look like a code that is written without its hyphens.
        const recovery = password.includes('-') ? recoveryAnswerIn(more, password) : null
        return recovery ?? completeWithPassword(more.id, password)
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

/** The form of recovery codes: longer than any other code. */
const recoveryForm = /^[A-Z0-9]{16}$/

const recoveryAnswerIn = (more: SecondFactor, line: string): Answer | null => {
  const code = line.toUpperCase().replace(/[\s-]/g, '')
  return mayRecover(more) && recoveryForm.test(code) ? answerWithRecoveryCode(more.id, code) : null
}

const sentences: Readonly<Partial<Record<string, string>>> = {
  PROOF_REJECTED: 'The second factor was not accepted.',
  CHALLENGE_SPENT: 'The second factor was tried too often, or given already.',
  CHALLENGE_EXPIRED: 'The second factor was not given in time.',
}

/** The error with a text about the second factor, and not about a key or the mail of a login. */
const secondFactorFailure = (error: unknown): unknown => {
  if (!(error instanceof IdemError) && !(error instanceof CliError)) return error
  const { code } = error
  if (code !== 'PROOF_REJECTED' && code !== 'CHALLENGE_SPENT' && code !== 'CHALLENGE_EXPIRED') return error
  const cause = error instanceof CliError ? error.cause : error
  return new CliError(code, sentences[code] ?? error.message, 'Run the command again.', { cause })
}
