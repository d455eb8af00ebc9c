// Steps up a session, for calls that require a recent or stronger proof.

import type { Answer } from './proof.js'
import { type Tokens, tokenFields } from './tokens.js'
import type { Transport } from './transport.js'

const document = `mutation StepUp($input: SignInInput!) { stepUp(input: $input) { ${tokenFields} } }`

/**
 * New tokens of the transport's session, with a new time of authentication. `STEP_UP_REQUIRED` with
 * `details.secondFactor` if the proof is too weak alone: answer that challenge by `stepUp` too.
 */
export const stepUp = async (transport: Transport, answer: Answer): Promise<Tokens> => {
  const data = await transport.send<{ stepUp: Tokens }>({ document, variables: { input: answer } })
  return data.stepUp
}
