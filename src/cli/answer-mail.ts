// Waits for the code of a mail from the input or the confirmation of its link, whichever is first.

import {
  answerConfirmed,
  answerWithCode,
  type ChallengeState,
  type DeliveryState,
  mostCodeAttempts,
} from '../client/email-challenge.js'
import { IdemError } from '../client/idem-error.js'
import type { Answer } from '../client/proof.js'
import { watchChallenge } from '../client/watch-challenge.js'
import { CliError } from './cli-error.js'
import type { Connection } from './invocation.js'
import { mailFailure } from './mail-failure.js'

/** The options of answering a mail. */
export interface MailAnswering<Result> {
  readonly challenge: ChallengeState
  /** The answer in a line that is no code of a mail, such as a recovery code; null if it holds none of those either. */
  readonly readOther?: (line: string) => Answer | null
  /** The advice for another try, where it is not that of a login. */
  readonly again?: string
  /** Submits an answer; `PROOF_REJECTED` counts as a wrong code. */
  readonly submit: (answer: Answer) => Promise<Result>
}

/** The result of `submit`. Throws `PROOF_REJECTED`, `CHALLENGE_SPENT`, `CHALLENGE_EXPIRED` or `MAIL_REFUSED`. */
export const answerMail = async <Result>(
  connection: Connection,
  { challenge, readOther = () => null, again, submit }: MailAnswering<Result>,
): Promise<Result> => {
  const { lines, isInteractive } = connection.prompter
  const done = new AbortController()
  const confirmed = untilConfirmed(connection, challenge, done.signal)
  confirmed.catch(() => undefined) // avoids an unhandled rejection; reported where it is awaited
  const codes = new Codes(connection, isInteractive)
  try {
    for (;;) {
      const line = await Promise.race([confirmed, lines.next()])
      if (line === linkConfirmed) return await submit(answerConfirmed(challenge.id))
      if (line === null) {
        codes.end()
        await confirmed
        return await submit(answerConfirmed(challenge.id))
      }
      const other = readOther(line)
      const code = other === null ? codes.read(line) : null
      const answer = code === null ? other : answerWithCode(challenge.id, code)
      if (answer === null) continue
      try {
        return await submit(answer)
      } catch (error) {
        codes.rejected(error)
      }
    }
  } catch (error) {
    throw mailFailure(error, again)
  } finally {
    done.abort()
    lines.rest()
  }
}

const linkConfirmed = Symbol('the link was confirmed')

const deliveries: Readonly<Record<DeliveryState, string>> = {
  QUEUED: 'the mail waits for its turn (strangers get at most 5 to a mailbox in 15 minutes)',
  SENT: 'the mail was sent',
  DEFERRED: 'no mail server takes the mail just now; it is tried again',
  REFUSED: 'the mail was refused',
}

/**
 * Resolves once the link is confirmed; reports the delivery meanwhile. Throws when no confirmation is possible any
 * more.
 */
const untilConfirmed = async (
  { transport, output }: Connection,
  { id }: ChallengeState,
  signal: AbortSignal,
): Promise<typeof linkConfirmed> => {
  for await (const state of watchChallenge(transport, id, { signal })) {
    if (state.status === 'CONFIRMED') {
      output.event({ challenge: state }, 'The link was confirmed.')
      return linkConfirmed
    }
    if (state.status === 'SPENT')
      throw new IdemError('CHALLENGE_SPENT', 'It was answered already, or tried too often.')
    if (state.status === 'EXPIRED')
      throw new IdemError('CHALLENGE_EXPIRED', 'The mail was not answered in time.')
    if (state.delivery !== null)
      output.event({ challenge: state }, `Delivery: ${deliveries[state.delivery]}.`)
    if (state.delivery === 'REFUSED') {
      throw new CliError('MAIL_REFUSED', 'The mail server refuses the mail.', 'Check the address.')
    }
  }
  return new Promise(() => undefined) // never resolves: the watch was aborted
}

/** Letters and digits. The server decides which and how many. */
const codeForm = /^[A-Z0-9]{6,12}$/

/** The codes from the input, and their results. */
class Codes {
  #triesLeft = mostCodeAttempts
  #lastRejection: unknown = null

  constructor(
    private readonly connection: Connection,
    private readonly isInteractive: boolean,
  ) {}

  /** The code in a line; null for a line without one, which costs no try. `USAGE` if the input is not interactive. */
  read(line: string): string | null {
    const code = line.toUpperCase().replace(/[\s-]/g, '')
    if (code === '' || codeForm.test(code)) return code === '' ? null : code
    if (!this.isInteractive)
      throw new CliError('USAGE', 'Standard input holds no code.', 'Give the code alone.')
    this.connection.output.progress('That is no code: paste only the 8 letters and digits of the mail.')
    return null
  }

  /** Reports a wrong or malformed code if there is another try; throws any other error. */
  rejected(error: unknown): void {
    if (this.isInteractive && error instanceof IdemError && error.code === 'BAD_USER_INPUT') {
      this.connection.output.progress(error.message)
      return
    }
    if (!(error instanceof IdemError) || error.code !== 'PROOF_REJECTED') throw error
    this.#triesLeft -= 1
    this.#lastRejection = error
    if (this.#triesLeft === 0) throw new IdemError('CHALLENGE_SPENT', 'Too many wrong codes.', error.details)
    const tries = this.#triesLeft === 1 ? 'One try is left.' : `${this.#triesLeft} tries are left.`
    this.connection.output.progress(`That is not the code of this mail. ${tries}`)
  }

  /** The input has ended. After a wrong code, throws its error; without any code, the link can still be confirmed. */
  end(): void {
    if (this.#lastRejection !== null) throw this.#lastRejection
  }
}
