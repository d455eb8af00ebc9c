// Opens a session: an answer becomes an account and its tokens.

import { type AccountSummary, accountSummaryFields } from './account.js'
import { IdemError } from './idem-error.js'
import type { Answer } from './proof.js'
import { type Tokens, tokenFields } from './tokens.js'
import type { Transport } from './transport.js'

/** A session just opened. */
export interface SignedIn {
  readonly account: AccountSummary
  readonly tokens: Tokens
  /** Whether this proof was seen for the first time and the account was made for it. */
  readonly provisioned: boolean
}

const document = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { provisioned account { ${accountSummaryFields} } tokens { ${tokenFields} } }
}`

/** Signs in; the first time this registers. `PROOF_REJECTED` when the proof does not hold. */
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
