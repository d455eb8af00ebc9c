// Opens a session with an answer; the result is an account and its tokens.

import { type AccountSummary, accountSummaryFields } from './account.js'
import { IdemError } from './idem-error.js'
import type { Answer } from './proof.js'
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
  signIn(input: $input) { provisioned account { ${accountSummaryFields} } tokens { ${tokenFields} } }
}`

/** Signs in; the first use of a proof creates an account. `PROOF_REJECTED` for an invalid proof. */
export const signIn = async (transport: Transport, answer: Answer): Promise<SignedIn> => {
  const { signIn: result } = await transport.send<{
    signIn: { provisioned: boolean; account: AccountSummary | null; tokens: Tokens | null }
  }>({ document, variables: { input: answer } })
  const { provisioned, account, tokens } = result
  if (account === null || tokens === null) {
    throw new IdemError(
      'UNEXPECTED_ANSWER',
      'This account asks for a second factor, not known to this client.',
    )
  }
  return { account, tokens, provisioned }
}
