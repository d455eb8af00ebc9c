// Repeats a call after a step-up if the server requires a recent proof for it.

import { IdemError } from '../client/idem-error.js'
import { type Answer, answerWithKey } from '../client/proof.js'
import type { Session } from '../client/session.js'
import { stepUp } from '../client/step-up.js'
import type { Transport } from '../client/transport.js'
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
    connection.output.progress('The server asks for a recent proof: signing again.')
    await proveAgain(connection, means)
    return act()
  }
}

const proveAgain = (connection: Connection, { session, signWith }: StepUpMeans): Promise<void> =>
  session.stepUp(async (transport) => {
    const answer =
      signWith === null
        ? await answerAsRemembered(connection, transport)
        : await answerWithKey(transport, (await readPrivateKey(connection, signWith)).signer, {
            purpose: 'STEP_UP',
          })
    return stepUp(transport, answer)
  })

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
