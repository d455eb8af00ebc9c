// Links another identity to the account of the transport's session; one that belongs to another account begins a merge.

import { type Account, accountFields, type Identity, identityFields } from './account.js'
import { IdemError } from './idem-error.js'
import { type Merge, type MergePlan, mergeFields, mergePlanFields } from './merges.js'
import type { Answer } from './proof.js'
import { type SecondFactor, secondFactorFields } from './second-factor.js'
import { type Tokens, tokenFields } from './tokens.js'
import type { Transport } from './transport.js'

/** What came of a proof. */
export type LinkOutcome =
  /** The identity led to no account; now it leads to this one. */
  | { readonly outcome: 'linked'; readonly account: Account; readonly identity: Identity }
  /** The caller was a guest and the identity somebody's: the guest is part of that account now, with new tokens. */
  | {
      readonly outcome: 'merged'
      readonly account: Account
      readonly merge: Merge
      readonly tokens: Tokens
    }
  /** The identity is another account's: `mergeAccounts` decides. Nothing has changed. */
  | { readonly outcome: 'plan'; readonly plan: MergePlan }
  /** The other account asks for a second factor: answer that challenge by `linkIdentity` too. */
  | { readonly outcome: 'second_factor'; readonly secondFactor: SecondFactor }

interface LinkResult {
  readonly account: Account | null
  readonly identity: Identity | null
  readonly merge: Merge | null
  readonly mergePlan: MergePlan | null
  readonly tokens: Tokens | null
  readonly secondFactor: SecondFactor | null
}

const document = `mutation LinkIdentity($input: LinkIdentityInput!) {
  linkIdentity(input: $input) {
    account { ${accountFields} }
    identity { ${identityFields} }
    merge { ${mergeFields} }
    mergePlan { ${mergePlanFields} }
    tokens { ${tokenFields} }
    secondFactor { ${secondFactorFields} }
  }
}`

/** Links the proven identity, or begins a merge with the account that it belongs to. */
export const linkIdentity = async (
  transport: Transport,
  answer: Answer & { readonly label?: string },
): Promise<LinkOutcome> => {
  const call = { document, variables: { input: answer } }
  const data = await transport.send<{ linkIdentity: LinkResult }>(call)
  const { account, identity, merge, mergePlan, tokens, secondFactor } = data.linkIdentity
  if (secondFactor !== null) return { outcome: 'second_factor', secondFactor }
  if (mergePlan !== null) return { outcome: 'plan', plan: mergePlan }
  if (account !== null && merge !== null && tokens !== null)
    return { outcome: 'merged', account, merge, tokens }
  if (account !== null && identity !== null) return { outcome: 'linked', account, identity }
  throw new IdemError('UNEXPECTED_ANSWER', 'The answer to a proof says nothing of what came of it.')
}
