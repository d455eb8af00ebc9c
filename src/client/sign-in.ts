// Opens a session with an answer; the result is an account and its tokens.

import { type AccountSummary, accountSummaryFields } from './account.js'
import { IdemError } from './idem-error.js'
import type { Answer } from './proof.js'
import { type SecondFactor, secondFactorFields, secondFactorWanted } from './second-factor.js'
import { type Tokens, tokenFields } from './tokens.js'
import type { Transport } from './transport.js'

/** A new session. */
export interface SignedIn {
  readonly account: AccountSummary
  readonly tokens: Tokens
  /** Whether the account was created by this sign-in. */
  readonly provisioned: boolean
}

const document = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    provisioned account { ${accountSummaryFields} } tokens { ${tokenFields} } secondFactor { ${secondFactorFields} }
  }
}`

interface Result {
  readonly provisioned: boolean
  readonly account: AccountSummary | null
  readonly tokens: Tokens | null
  readonly secondFactor: SecondFactor | null
}

/**
 * Signs in; the first use of a proof creates an account. `PROOF_REJECTED` for an invalid proof, `STEP_UP_REQUIRED` with
 * `details.secondFactor` where the account asks for a second one: answer that challenge by `signIn` too.
 */
export const signIn = async (transport: Transport, answer: Answer): Promise<SignedIn> => {
  const { signIn: result } = await transport.send<{ signIn: Result }>({
    document,
    variables: { input: answer },
  })
  const { provisioned, account, tokens, secondFactor } = result
  if (secondFactor !== null) throw secondFactorWanted(secondFactor)
  if (account === null || tokens === null)
    throw new IdemError('UNEXPECTED_ANSWER', 'The server has signed in and gave no tokens.')
  return { account, tokens, provisioned }
}
