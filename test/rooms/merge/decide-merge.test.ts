// Which account survives, what moves, what conflicts, and what is refused.
import { describe, expect, test } from 'vitest'
import type { Account } from '../../../src/accounts/account.js'
import {
  decideMerge,
  type MergeAnswer,
  type MergeQuestion,
  type MergeSide,
} from '../../../src/merge/decide-merge.js'
import type { MergeField } from '../../../src/merge/merge.js'

const [oldId, newId] = ['01990000-0000-7000-8000-000000000001', '01990000-0000-7000-8000-000000000002']
const at = new Date('2026-01-01T00:00:00Z')

const accountOf = (facts: Partial<Account>): Account => ({
  id: oldId,
  kind: 'PERSON',
  level: 'aal1',
  handle: null,
  displayName: null,
  locale: null,
  primaryEmail: null,
  signInNotices: true,
  suspendedAt: null,
  mergedInto: null,
  absorbedIds: [],
  deletionDueAt: null,
  deletedAt: null,
  createdAt: at,
  ...facts,
})

const sideOf = (account: Partial<Account>, facts: Partial<Omit<MergeSide, 'account'>> = {}): MergeSide => ({
  identities: 1,
  devices: 0,
  handles: 0,
  hasPassword: false,
  hasTotp: false,
  hasRecoveryCodes: false,
  ...facts,
  account: accountOf(account),
})

const older = (account: Partial<Account> = {}, facts = {}) => sideOf({ id: oldId, ...account }, facts)
const newer = (account: Partial<Account> = {}, facts = {}) =>
  sideOf({ id: newId, createdAt: new Date(at.getTime() + 1), ...account }, facts)

const limits = { identities: 5, devices: 3 }
const decide = (
  own: MergeSide,
  other: MergeSide,
  wish: Partial<Pick<MergeQuestion, 'survivorId' | 'choices'>> = {},
): MergeAnswer => decideMerge({ own, other, survivorId: null, choices: new Map(), limits, ...wish })

const merged = (...question: Parameters<typeof decide>) => {
  const answer = decide(...question)
  if (answer.outcome === 'refused') throw new Error(answer.reason)
  return answer
}

const guest = { kind: 'ANONYMOUS', level: 'aal0' } as const

describe('the survivor', () => {
  test.each([
    ['the older of two persons', older(), newer(), null, oldId, 'OLDER_ACCOUNT'],
    ['the older one, whoever asks', newer(), older(), null, oldId, 'OLDER_ACCOUNT'],
    ['the smaller id of two of one moment', newer({ createdAt: at }), older(), null, oldId, 'OLDER_ACCOUNT'],
    ['the chosen one', older(), newer(), newId, newId, 'CHOSEN'],
    ['the chosen one, also if it is the older', newer(), older(), oldId, oldId, 'CHOSEN'],
    ['the account of which a guest gave a proof', older(guest), newer(), null, newId, 'GUEST_INTO_ACCOUNT'],
    ['the person who proved a guest', newer(), older(guest), null, newId, 'PERSON_OVER_GUEST'],
    ['never a guest, also if it was chosen', newer(), older(guest), oldId, newId, 'PERSON_OVER_GUEST'],
    ['the older of two guests', newer(guest), older(guest), null, oldId, 'OLDER_ACCOUNT'],
  ] as const)('%s', (_, own, other, survivorId, survivor, rule) => {
    const decision = merged(own, other, { survivorId })
    expect([decision.survivor.id, decision.rule]).toEqual([survivor, rule])
    expect(decision.absorbed.id).toBe(survivor === oldId ? newId : oldId)
    expect(decision.why).toMatch(/^[A-Z].*\.$/)
  })
})

describe('refused', () => {
  test.each([
    ['SAME_ACCOUNT', older(), older()],
    ['SERVICE', older({ kind: 'SERVICE' }), newer()],
    ['SERVICE', older(guest), newer({ kind: 'SERVICE' })],
    ['MERGED', older(), newer({ mergedInto: oldId })],
    ['MERGED', older({ mergedInto: newId }), newer()],
    ['DELETED', older({ deletedAt: at }), newer()],
    ['DELETED', older(), newer({ deletionDueAt: at })],
    ['SUSPENDED', older({ suspendedAt: at }), newer()],
    ['SUSPENDED', older(), newer({ suspendedAt: at })],
    ['TOO_MANY', older({}, { identities: 3 }), newer({}, { identities: 3 })],
    ['TOO_MANY', older({}, { identities: 3 }), newer({}, { identities: 2, hasPassword: true })],
    ['TOO_MANY', older({}, { devices: 2 }), newer({}, { devices: 2 })],
  ] as const)('%s', (reason, own, other) => {
    expect(decide(own, other)).toMatchObject({ outcome: 'refused', reason })
  })

  test('not at the limit, of two passwords one counts', () => {
    const full = merged(
      older({}, { identities: 2, hasPassword: true, devices: 1 }),
      newer({}, { identities: 2, hasPassword: true, devices: 2 }),
    )
    expect(full.survivor.id).toBe(oldId)
  })
})

describe('conflicts', () => {
  const choose = (field: MergeField, from: string) => ({ choices: new Map([[field, from]]) })

  test.each([
    ['HANDLE', { handle: 'ada' }, { handle: 'ada2' }, 'ada', 'ada2'],
    ['DISPLAY_NAME', { displayName: 'Ada' }, { displayName: 'Countess' }, 'Ada', 'Countess'],
    ['PRIMARY_EMAIL', { primaryEmail: 'a@x' }, { primaryEmail: 'b@x' }, 'a@x', 'b@x'],
    ['LOCALE', { locale: 'en' }, { locale: 'de' }, 'en', 'de'],
  ] as const)(
    '%s: the survivor keeps its value unless the other one is chosen',
    (field, mine, theirs, a, b) => {
      const kept = merged(older(mine), newer(theirs))
      expect(kept.conflicts).toEqual([{ field, survivorValue: a, absorbedValue: b }])
      expect(kept.kept.get(field)).toBe('survivor')
      expect(merged(older(mine), newer(theirs), choose(field, oldId)).kept.get(field)).toBe('survivor')
      expect(merged(older(mine), newer(theirs), choose(field, newId)).kept.get(field)).toBe('absorbed')
      // What only one has, or both alike, is no conflict, and the survivor gets it.
      expect(merged(older(), newer(theirs))).toMatchObject({ conflicts: [] })
      expect(merged(older(), newer(theirs)).kept.get(field)).toBe('absorbed')
      expect(merged(older(mine), newer(mine))).toMatchObject({ conflicts: [] })
      expect(merged(older(mine), newer(), choose(field, newId)).kept.get(field)).toBe('survivor')
      expect(merged(older(), newer()).kept.has(field)).toBe(false)
    },
  )

  test.each([
    ['PASSWORD', { hasPassword: true }],
    ['TOTP', { hasTotp: true }],
  ] as const)('%s: two are a conflict, whose values nobody is told', (field, has) => {
    const both = merged(older({}, has), newer({}, has))
    expect(both.conflicts).toEqual([{ field, survivorValue: null, absorbedValue: null }])
    expect(both.moves.map(({ what }) => what)).not.toContain(field)
    const chosen = merged(older({}, has), newer({}, has), choose(field, newId))
    expect(chosen.moves).toContainEqual({ what: field, count: 1 })
    expect(merged(older(), newer({}, has)).moves).toContainEqual({ what: field, count: 1 })
  })
})

test('what moves is what the absorbed account has', () => {
  const facts = { identities: 2, devices: 3, handles: 4, hasRecoveryCodes: true }
  expect(merged(older(), newer({}, facts)).moves).toEqual([
    { what: 'IDENTITY', count: 2 },
    { what: 'DEVICE', count: 3 },
    { what: 'HANDLE', count: 4 },
    { what: 'RECOVERY_CODES', count: 1 },
  ])
  const codes = { hasRecoveryCodes: true }
  expect(merged(older({}, codes), newer({}, { ...codes, identities: 0 })).moves).toEqual([])
})
