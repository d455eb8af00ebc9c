// Decides a merge from what is known of the two accounts: which one survives, what moves, what conflicts, or why not.
import type { Account } from '../accounts/account.js'
import { type MergeField, type MergeRule, type MergeSideName, mergeFields } from './merge.js'

/** Why two accounts cannot be merged. */
export type MergeRefusal = 'SAME_ACCOUNT' | 'SERVICE' | 'MERGED' | 'SUSPENDED' | 'DELETED' | 'TOO_MANY'

/** What is known of one of the accounts. */
export interface MergeSide {
  readonly account: Account
  /** The identities that would move, without those of a guest and without the password. */
  readonly identities: number
  readonly devices: number
  readonly handles: number
  readonly hasPassword: boolean
  readonly hasTotp: boolean
  /** True if they are confirmed. */
  readonly hasRecoveryCodes: boolean
}

/** Two accounts, and what the merging person wishes. */
export interface MergeQuestion {
  /** The account of whoever asks. */
  readonly own: MergeSide
  /** The account whose identity was proven. */
  readonly other: MergeSide
  /** The id of the account that is to survive; null to leave it to the rules. */
  readonly survivorId: string | null
  /** By field, the id of the account whose value stays. A field without one keeps the survivor's. */
  readonly choices: ReadonlyMap<MergeField, string>
  /** Most identities and devices of an account. */
  readonly limits: { readonly identities: number; readonly devices: number }
}

/** A field that both accounts have. The values are null where they are secret. */
export interface MergeConflict {
  readonly field: MergeField
  readonly survivorValue: string | null
  readonly absorbedValue: string | null
}

/** What moves to the survivor, and how many. */
export interface MergeMove {
  readonly what: 'IDENTITY' | 'DEVICE' | 'HANDLE' | 'PASSWORD' | 'TOTP' | 'RECOVERY_CODES'
  readonly count: number
}

/** A merge as it would be done. */
export interface MergeDecision {
  readonly outcome: 'merge'
  readonly survivor: Account
  readonly absorbed: Account
  readonly rule: MergeRule
  /** The rule in a sentence. */
  readonly why: string
  readonly moves: readonly MergeMove[]
  readonly conflicts: readonly MergeConflict[]
  /** By field that at least one has, whose value the survivor has afterwards. */
  readonly kept: ReadonlyMap<MergeField, MergeSideName>
}

/** The answer: how the two would be merged, or why not. */
export type MergeAnswer =
  | MergeDecision
  | { readonly outcome: 'refused'; readonly reason: MergeRefusal; readonly why: string }

const sentences: Readonly<Record<MergeRule, string>> = {
  GUEST_INTO_ACCOUNT: 'A guest proved an identity of this account, so the guest was merged into it.',
  PERSON_OVER_GUEST: 'One of the two accounts is a guest, so the person survives.',
  OLDER_ACCOUNT: 'Both accounts are persons, so the older one survives.',
  CHOSEN: 'Whoever merged them chose the survivor.',
}

const refusals: Readonly<Record<MergeRefusal, string>> = {
  SAME_ACCOUNT: 'Both identities lead to the same account already.',
  SERVICE: 'One of the accounts is a machine, and a machine is nobody’s second account.',
  MERGED: 'One of the accounts was merged into another one already.',
  SUSPENDED: 'One of the accounts is suspended. Ask whoever runs this service.',
  DELETED: 'One of the accounts is about to be deleted, or was. Cancel its deletion first.',
  TOO_MANY:
    'Together the accounts have more identities or devices than one account may have. Remove some first.',
}

/** Decides. Pure: the same facts give the same answer, before a merge, within it, and in its explanation. */
export const decideMerge = (question: MergeQuestion): MergeAnswer => {
  const { own, other, limits } = question
  const refusal = refusalOf(own, other)
  if (refusal !== null) return refused(refusal)
  const { survivor, absorbed, rule } = orderOf(question)
  if (exceeds([survivor, absorbed], limits)) return refused('TOO_MANY')
  const kept = keptOf({ survivor, absorbed }, question)
  return {
    outcome: 'merge',
    survivor: survivor.account,
    absorbed: absorbed.account,
    rule,
    why: sentences[rule],
    moves: movesOf({ survivor, absorbed }, kept),
    conflicts: conflictsOf(survivor, absorbed),
    kept,
  }
}

/** True if together they have more than an account may have. Only one of two passwords stays. */
const exceeds = (sides: readonly MergeSide[], limits: MergeQuestion['limits']): boolean => {
  const sum = (count: (side: MergeSide) => number): number =>
    sides.reduce((total, side) => total + count(side), 0)
  const passwords = sides.some(({ hasPassword }) => hasPassword) ? 1 : 0
  return (
    sum(({ identities }) => identities) + passwords > limits.identities ||
    sum(({ devices }) => devices) > limits.devices
  )
}

const refused = (reason: MergeRefusal): MergeAnswer => ({ outcome: 'refused', reason, why: refusals[reason] })

const refusalOf = (own: MergeSide, other: MergeSide): MergeRefusal | null => {
  const accounts = [own.account, other.account]
  if (own.account.id === other.account.id) return 'SAME_ACCOUNT'
  if (accounts.some(({ kind }) => kind === 'SERVICE')) return 'SERVICE'
  if (accounts.some(({ mergedInto }) => mergedInto !== null)) return 'MERGED'
  if (accounts.some(({ deletionDueAt, deletedAt }) => deletionDueAt !== null || deletedAt !== null))
    return 'DELETED'
  if (accounts.some(({ suspendedAt }) => suspendedAt !== null)) return 'SUSPENDED'
  return null
}

interface Sides {
  readonly survivor: MergeSide
  readonly absorbed: MergeSide
}

/** A person survives a guest whatever was wished; of two of a kind the chosen one, else the older one. */
const orderOf = ({ own, other, survivorId }: MergeQuestion): Sides & { readonly rule: MergeRule } => {
  const isGuest = (side: MergeSide): boolean => side.account.kind === 'ANONYMOUS'
  if (isGuest(own) && !isGuest(other)) return { survivor: other, absorbed: own, rule: 'GUEST_INTO_ACCOUNT' }
  if (isGuest(other) && !isGuest(own)) return { survivor: own, absorbed: other, rule: 'PERSON_OVER_GUEST' }
  if (survivorId === own.account.id) return { survivor: own, absorbed: other, rule: 'CHOSEN' }
  if (survivorId === other.account.id) return { survivor: other, absorbed: own, rule: 'CHOSEN' }
  const isOwnOlder = isOlder(own.account, other.account)
  const [survivor, absorbed] = isOwnOlder ? [own, other] : [other, own]
  return { survivor, absorbed, rule: 'OLDER_ACCOUNT' }
}

/** Ids are ordered by time too (UUIDv7), so they decide between accounts of the same moment. */
const isOlder = (one: Account, two: Account): boolean => {
  const difference = one.createdAt.getTime() - two.createdAt.getTime()
  return difference === 0 ? one.id < two.id : difference < 0
}

/** A field's value as it is compared; null if the account has none. */
const fieldOf = ({ account, hasPassword, hasTotp }: MergeSide, field: MergeField): string | true | null => {
  switch (field) {
    case 'HANDLE':
      return account.handle
    case 'DISPLAY_NAME':
      return account.displayName
    case 'PRIMARY_EMAIL':
      return account.primaryEmail
    case 'LOCALE':
      return account.locale
    case 'PASSWORD':
      return hasPassword || null
    case 'TOTP':
      return hasTotp || null
  }
}

const keptOf = (
  { survivor, absorbed }: Sides,
  { choices }: MergeQuestion,
): ReadonlyMap<MergeField, MergeSideName> => {
  const kept = new Map<MergeField, MergeSideName>()
  for (const field of mergeFields) {
    const [mine, theirs] = [fieldOf(survivor, field), fieldOf(absorbed, field)]
    const isTheirs = theirs !== null && (mine === null || choices.get(field) === absorbed.account.id)
    if (mine !== null || theirs !== null) kept.set(field, isTheirs ? 'absorbed' : 'survivor')
  }
  return kept
}

/** Fields that both have, with different values. Secrets are not compared. */
const conflictsOf = (survivor: MergeSide, absorbed: MergeSide): MergeConflict[] =>
  mergeFields.flatMap((field): MergeConflict[] => {
    const [mine, theirs] = [fieldOf(survivor, field), fieldOf(absorbed, field)]
    if (mine === null || theirs === null) return []
    if (mine === true || theirs === true) return [{ field, survivorValue: null, absorbedValue: null }]
    return mine === theirs ? [] : [{ field, survivorValue: mine, absorbedValue: theirs }]
  })

/** Recovery codes move if only the absorbed account has any. */
const movesOf = (
  { survivor, absorbed }: Sides,
  kept: ReadonlyMap<MergeField, MergeSideName>,
): MergeMove[] => {
  const moves: MergeMove[] = [
    { what: 'IDENTITY', count: absorbed.identities },
    { what: 'DEVICE', count: absorbed.devices },
    { what: 'HANDLE', count: absorbed.handles },
    { what: 'PASSWORD', count: kept.get('PASSWORD') === 'absorbed' ? 1 : 0 },
    { what: 'TOTP', count: kept.get('TOTP') === 'absorbed' ? 1 : 0 },
    { what: 'RECOVERY_CODES', count: absorbed.hasRecoveryCodes && !survivor.hasRecoveryCodes ? 1 : 0 },
  ]
  return moves.filter(({ count }) => count > 0)
}
