// Explains a link: which rule would fire if one of two accounts proved an identity of the other. Changes nothing.
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Principal } from '../authorization/principal.js'
import { coversScopes, operatorScope, scopesOfOperator } from '../authorization/scope.js'
import type { Call } from '../database/call.js'
import { assertNever, Failure } from '../failure.js'
import type { Identities } from '../identities/identities.js'
import type { ProvenIdentity } from '../identities/identity.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import { type IsOperatorNeeds, isOperator } from '../operators/is-operator.js'
import { decideMerge, type MergeRefusal } from './decide-merge.js'
import type { MergeRule } from './merge.js'
import type { Merges } from './merges.js'

/** What `explainLink` works with. */
export interface ExplainLinkNeeds extends IsOperatorNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly provenIdentities: ProvenIdentities
  readonly merges: Merges
  readonly mergeLimits: { readonly identities: number; readonly devices: number }
}

/** A side of a link: an account, absorbed or not, or an identity by its id or by what it is. */
export type LinkSide =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'identity'; readonly id: string }
  | { readonly kind: 'proven'; readonly proven: ProvenIdentity }

/** Two sides: who would ask, and whose identity would be proven. */
export interface LinkQuestion {
  readonly own: LinkSide
  readonly other: LinkSide
  /** The account that is to survive; null to leave it to the rules. */
  readonly survivorId: string | null
}

/** What would happen. `why` has the words of the plan, of the merge and of its audit entry. */
export type LinkExplanation =
  | { readonly outcome: 'linked'; readonly why: string; readonly survivor: Account }
  | {
      readonly outcome: 'merged'
      readonly why: string
      readonly rule: MergeRule
      readonly survivor: Account
      readonly absorbed: Account
    }
  /** The reason is null where no merge is refused but the identity itself. */
  | { readonly outcome: 'refused'; readonly why: string; readonly reason: MergeRefusal | null }

/** What a side leads to: no account, where nobody has proven that identity yet. */
interface FoundSide {
  readonly account: Account | null
  readonly isRetired: boolean
}

/**
 * Operators may ask about all accounts; `NOT_FOUND` if a side does not exist. Others may ask about their own account
 * and its identities; anything else is `FORBIDDEN`, whether or not it exists. `BAD_USER_INPUT` for a survivor that is
 * neither of the two.
 */
export const explainLink = async (
  call: Call,
  { own, other, survivorId }: LinkQuestion,
  needs: ExplainLinkNeeds,
): Promise<LinkExplanation> => {
  // 1 what both sides lead to, as far as the caller may know it
  const admit = await admissionOf(call, needs)
  const asking = admit(await find(call, own, needs))
  const proven = admit(await find(call, other, needs))
  // 2 an identity that leads to no account is linked, or refused for ever
  if (asking.account === null || proven.account === null) return explainUnknown(asking, proven)
  // 3 two accounts are merged, by the same rule that would do it
  const accounts = [asking.account, proven.account] as const
  return await explainMerge(call, { accounts, survivorId }, needs)
}

/** Lets pass the sides that the caller may ask about. */
const admissionOf = async (
  call: Call,
  needs: ExplainLinkNeeds,
): Promise<(side: FoundSide | null) => FoundSide> => {
  const principal = requirePrincipal(call.principal)
  const isAsOperator = await isAskedByOperator(call, principal, needs)
  return (side) => {
    if (!isAsOperator && side?.account?.id !== principal.accountId)
      throw new Failure('FORBIDDEN', 'You may ask about your own account and its identities alone.', {
        reason: 'a side of the link is not of the account of the caller',
      })
    if (side === null) throw new Failure('NOT_FOUND', 'No such account or identity.')
    return side
  }
}

const isAskedByOperator = async (
  call: Call,
  { kind, scopes, accountId }: Principal,
  needs: ExplainLinkNeeds,
): Promise<boolean> =>
  // Without a session there is no operator, as for the fields of operators.
  kind === 'session' &&
  coversScopes(scopesOfOperator(scopes), [[operatorScope]]) &&
  (await isOperator(call, await needs.accounts.get(call, accountId), needs))

const find = async (call: Call, side: LinkSide, needs: ExplainLinkNeeds): Promise<FoundSide | null> => {
  switch (side.kind) {
    case 'account':
      return await findAccount(call, side.id, needs)
    case 'identity': {
      const ownerId = await needs.identities.findOwner(call, side.id)
      return ownerId === null ? null : await findAccount(call, ownerId, needs)
    }
    case 'proven': {
      const { found, isRetired } = await needs.provenIdentities.lookUp(call, side.proven, null)
      return { account: found?.account ?? null, isRetired }
    }
    default:
      return assertNever(side)
  }
}

const findAccount = async (
  call: Call,
  id: string,
  { accounts }: ExplainLinkNeeds,
): Promise<FoundSide | null> => {
  const account = await accounts.find(call, id)
  return account && { account, isRetired: false }
}

/** At least one of the sides leads to no account. */
const explainUnknown = (asking: FoundSide, proven: FoundSide): LinkExplanation => {
  if (asking.isRetired || proven.isRetired)
    return {
      outcome: 'refused',
      reason: null,
      why: 'This guest has become a person: its secret opens nothing.',
    }
  const survivor = asking.account ?? proven.account
  if (survivor === null) throw new Failure('NOT_FOUND', 'Neither of the two leads to an account.')
  const why = 'This identity leads to no account yet, so it is linked to the one that proves it.'
  return { outcome: 'linked', why, survivor }
}

interface TwoAccounts {
  readonly accounts: readonly [own: Account, other: Account]
  readonly survivorId: string | null
}

const explainMerge = async (
  call: Call,
  { accounts, survivorId: named }: TwoAccounts,
  needs: ExplainLinkNeeds,
): Promise<LinkExplanation> => {
  const survivorId = named === null ? null : ((await needs.accounts.find(call, named))?.id ?? named)
  if (survivorId !== null && accounts.every(({ id }) => id !== survivorId))
    throw new Failure('BAD_USER_INPUT', 'The survivor must be one of the two accounts.', {
      field: 'survivor',
    })
  const sides = await needs.merges.sidesOf(call, accounts)
  const [own, other] = accounts.map(({ id }) => sides.find(({ account }) => account.id === id))
  if (own === undefined || other === undefined) throw new Failure('NOT_FOUND', 'No such account or identity.')
  const answer = decideMerge({ own, other, survivorId, choices: new Map(), limits: needs.mergeLimits })
  return answer.outcome === 'refused' ? answer : { ...answer, outcome: 'merged' }
}
