// Signs in with a first proof, and then with a second one where the account asks for it.

import type { Answer } from '../client/proof.js'
import { type SecondFactor, secondFactorIn } from '../client/second-factor.js'
import { type SignedIn, signIn } from '../client/sign-in.js'
import { answerSecondFactor } from './answer-second-factor.js'
import type { Connection } from './invocation.js'

/** Stores a new session. It is not interrupted by signals. */
type Keep = (signedIn: SignedIn) => Promise<void>

/** What is left to do after a first proof. */
export interface Completion {
  /** The challenge of the second factor; null if none was asked for. */
  readonly more: SecondFactor | null
  readonly keep: Keep
}

/** Signs in and stores the session; returns the challenge of the second factor instead if one is asked for. */
export const signInOrMore = async (
  { transport, machine }: Connection,
  answer: Answer,
  keep: Keep,
): Promise<SecondFactor | null> => {
  try {
    await machine.unbroken(async () => keep(await signIn(transport, answer)))
    return null
  } catch (error) {
    const more = secondFactorIn(error)
    if (more === null) throw error
    return more
  }
}

/** Asks for the second factor, signs in with it and stores the session; does nothing if none was asked for. */
export const finishWithSecondFactor = async (
  connection: Connection,
  { more, keep }: Completion,
): Promise<void> => {
  if (more === null) return
  const { transport, machine } = connection
  await answerSecondFactor(connection, {
    more,
    submit: (answer) => machine.unbroken(async () => keep(await signIn(transport, answer))),
  })
}

/** Both: the whole sign-in after a first proof. */
export const signInWithAnswer = async (connection: Connection, answer: Answer, keep: Keep): Promise<void> => {
  const more = await signInOrMore(connection, answer, keep)
  await finishWithSecondFactor(connection, { more, keep })
}
