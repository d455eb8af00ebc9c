// Signs in by mail: asks for one, then takes its code or waits until its link is confirmed, whichever comes first.

import { answerConfirmed, answerWithCode, type ChallengeState, requestMail } from './email-challenge.js'
import { IdemError } from './idem-error.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'
import { watchChallenge } from './watch-challenge.js'

/** A sign-in by mail. */
export interface EmailSignIn {
  readonly address: string
  /**
   * Asks the person for the code, and shows the match code, which the page of the link asks for. Called again after a
   * wrong code, with the refusal. Never needs to resolve: the link may be confirmed instead.
   */
  readonly askForCode: (challenge: ChallengeState, problem: IdemError | null) => Promise<string>
  /** Ends the sign-in; then it throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** `CHALLENGE_EXPIRED` or `CHALLENGE_SPENT` once the challenge can no longer be answered. */
export const signInWithEmail = async (
  transport: Transport,
  { address, askForCode, signal }: EmailSignIn,
): Promise<SignedIn> => {
  const challenge = await requestMail(transport, { address, purpose: 'SIGN_IN' })
  const over = new AbortController()
  const signals = signal === undefined ? [over.signal] : [over.signal, signal]
  const ended = AbortSignal.any(signals)
  const confirmed = untilConfirmed(transport, challenge, ended)
  // Awaited below; without this an early failure would count as unhandled.
  confirmed.catch(() => undefined)
  try {
    let problem: IdemError | null = null
    for (;;) {
      const code = await Promise.race([confirmed, askForCode(challenge, problem)])
      try {
        const answer = code === null ? answerConfirmed(challenge.id) : answerWithCode(challenge.id, code)
        return await signIn(transport, answer)
      } catch (error) {
        if (code === null || !isOfCode(error)) throw error
        problem = error
      }
    }
  } finally {
    over.abort()
  }
}

/** A wrong or malformed code, after which another one may be typed. */
const isOfCode = (error: unknown): error is IdemError =>
  error instanceof IdemError && (error.code === 'PROOF_REJECTED' || error.code === 'BAD_USER_INPUT')

const untilConfirmed = async (
  transport: Transport,
  { id }: ChallengeState,
  signal: AbortSignal,
): Promise<null> => {
  for await (const { status } of watchChallenge(transport, id, { signal })) {
    if (status === 'CONFIRMED') return null
    if (status === 'EXPIRED')
      throw new IdemError('CHALLENGE_EXPIRED', 'The mail has expired. Ask for a new one.')
    if (status === 'SPENT')
      throw new IdemError('CHALLENGE_SPENT', 'The mail has been used. Ask for a new one.')
  }
  signal.throwIfAborted()
  return null
}
