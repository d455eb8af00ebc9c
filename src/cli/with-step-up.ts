// Repeats a call after a step-up if the server requires a recent proof for it.

import { IdemError } from '../client/idem-error.js'
import { type Answer, answerWithKey } from '../client/proof.js'
import { secondFactorIn } from '../client/second-factor.js'
import type { Session } from '../client/session.js'
import { stepUp } from '../client/step-up.js'
import type { Transport } from '../client/transport.js'
import { answerSecondFactor } from './answer-second-factor.js'
import { CliError } from './cli-error.js'
import { readPrivateKey } from './given-key.js'
import type { Connection } from './invocation.js'
import { proveOwn } from './own-proof.js'

/** The session, and the key of `--sign-with` for the proof; without it, the remembered key. */
export interface StepUpMeans {
  readonly session: Session
  readonly signWith: string | null
}

/** The result of `act`, which is repeated once after a step-up if the server requires one. */
export const withStepUp = async <Result>(
  connection: Connection,
  means: StepUpMeans,
  act: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof IdemError) || error.code !== 'STEP_UP_REQUIRED') throw error
    connection.output.progress('The server asks for a recent proof: proving again who you are.')
    await proveAgain(connection, means)
    return act()
  }
}

/** Gives the first proof, and a second one where the account asks for it. The config is not locked while it asks. */
const proveAgain = async (connection: Connection, means: StepUpMeans): Promise<void> => {
  const { session } = means
  const submit = (answer: Answer): Promise<void> => session.stepUp((bearer) => stepUp(bearer, answer))
  try {
    await submit(await firstAnswer(connection, means))
  } catch (error) {
    const more = secondFactorIn(error)
    if (more === null) throw error
    await answerSecondFactor(connection, { more, submit })
  }
}

const firstAnswer = async (connection: Connection, { session, signWith }: StepUpMeans): Promise<Answer> => {
  if (signWith === null) return answerAsRemembered(connection, session)
  const { signer } = await readPrivateKey(connection, signWith)
  return answerWithKey(session, signer, { purpose: 'STEP_UP' })
}

const answerAsRemembered = async (connection: Connection, transport: Transport): Promise<Answer> => {
  const { login } = connection.kept
  if (login === null) throw keyMissing('nobody is signed in')
  try {
    return await proveOwn(connection, { login, purpose: 'STEP_UP', transport })
  } catch (error) {
    throw error instanceof CliError && error.code === 'KEY_MISSING' ? keyMissing(error.message) : error
  }
}

const keyMissing = (reason: string): CliError =>
  new CliError(
    'KEY_MISSING',
    `The server asks for a recent proof, and none can be given: ${reason.replace(/\.$/, '')}.`,
    'Name a key of this account: --sign-with FILE',
  )
