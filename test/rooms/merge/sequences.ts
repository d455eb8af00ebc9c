// Random accounts and random sequences of what their owners, a thief and operators do, for fast-check.
import fc from 'fast-check'
import { type MergeField, mergeFields } from '../../../src/merge/merge.js'
import { Model, type ModelRow } from './model.js'

/** An account as it is drawn. */
export interface DrawnAccount {
  readonly isGuest: boolean
  readonly age: number
  readonly identities: readonly ('key' | 'email' | 'wallet')[]
  readonly hasPassword: boolean
  readonly totp: 'none' | 'waiting' | 'confirmed'
  readonly hasCodes: boolean
  /** Keys of devices, of which several accounts may have the same. */
  readonly devices: readonly number[]
  readonly handles: 0 | 1 | 2
  readonly displayName: string | null
  readonly locale: 'de' | 'en' | null
  readonly sessions: number
}

/** What is done. Accounts, rows and merges are numbers, which stand for one of those that there are by then. */
export type Act =
  | {
      readonly act: 'merge'
      readonly own: number
      readonly other: number
      readonly survivor: 'own' | 'other' | null
      readonly choices: readonly ('own' | 'other' | null)[]
      readonly bySession: boolean
    }
  | { readonly act: 'undo'; readonly merge: number; readonly session: number }
  | { readonly act: 'unlink'; readonly account: number; readonly identity: number }
  | { readonly act: 'link'; readonly account: number; readonly former: number | null }
  | { readonly act: 'signIn'; readonly account: number; readonly identity: number }
  | { readonly act: 'suspend' | 'reinstate' | 'delete' | 'keep'; readonly account: number }

const number = fc.nat({ max: 11 })

const drawnAccount: fc.Arbitrary<DrawnAccount> = fc.record({
  isGuest: fc.boolean(),
  age: fc.nat({ max: 3 }),
  identities: fc.array(fc.constantFrom('key', 'email', 'wallet'), { minLength: 1, maxLength: 3 }),
  hasPassword: fc.boolean(),
  totp: fc.constantFrom('none', 'waiting', 'confirmed'),
  hasCodes: fc.boolean(),
  devices: fc.uniqueArray(fc.nat({ max: 2 }), { maxLength: 2 }),
  handles: fc.constantFrom(0, 1, 2),
  displayName: fc.constantFrom(null, 'Ada', 'Grace'),
  locale: fc.constantFrom(null, 'de', 'en'),
  sessions: fc.nat({ max: 2 }),
})

const choice = fc.constantFrom(null, 'own', 'other') satisfies fc.Arbitrary<'own' | 'other' | null>

const merge: fc.Arbitrary<Act> = fc.record({
  act: fc.constant('merge'),
  own: number,
  other: number,
  survivor: choice,
  choices: fc.array(choice, { minLength: mergeFields.length, maxLength: mergeFields.length }),
  bySession: fc.boolean(),
})

/** One act. Merges and undos are what it is about, so they are most of it. */
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: merge },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('undo'), merge: number, session: number }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('unlink'), account: number, identity: number }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('link'), account: number, former: fc.option(number) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('signIn'), account: number, identity: number }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constantFrom('suspend', 'reinstate', 'delete', 'keep'),
      account: number,
    }),
  },
)

/** A sequence, and the accounts on which it runs. */
export interface Sequence {
  readonly accounts: readonly DrawnAccount[]
  readonly acts: readonly Act[]
}

/** All sequences. */
export const sequences: fc.Arbitrary<Sequence> = fc.record({
  accounts: fc.array(drawnAccount, { minLength: 2, maxLength: 4 }),
  acts: fc.array(act, { minLength: 1, maxLength: 10 }),
})

/** Ids that no other sequence has, and that grow. */
export class Ids {
  #count = 0

  constructor(private readonly run: number) {}

  next(): string {
    this.#count += 1
    const [run, count] = [this.run.toString(16), this.#count.toString(16)]
    return `${run.padStart(8, '0')}-0000-7000-8000-${count.padStart(12, '0')}`
  }
}

/** The accounts of a sequence, in a model. */
export const modelOf = (accounts: readonly DrawnAccount[], ids: Ids): Model => {
  const model = new Model()
  for (const drawn of accounts) addAccount(model, drawn, ids)
  return model
}

const addAccount = (model: Model, drawn: DrawnAccount, ids: Ids): void => {
  const [id, createdAt] = [ids.next(), drawn.age]
  const add = (table: ModelRow['table'], kind: string, key: string | null, active = true): ModelRow => {
    const rowId = ids.next()
    const name = `h-${rowId}`
    const row = {
      id: table === 'handle' ? name : rowId,
      table,
      kind,
      key: table === 'handle' ? name : (key ?? rowId),
      createdAt,
      account: id,
      active,
    }
    model.rows.set(row.id, row)
    return row
  }
  const identities = drawn.isGuest
    ? [add('identity', 'anonymous', null)]
    : drawn.identities.map((method) => add('identity', method, null))
  if (!drawn.isGuest) {
    if (drawn.hasPassword) identities.push(add('identity', 'password', id))
    if (drawn.totp !== 'none') add('second_factor', 'totp', '', drawn.totp === 'confirmed')
    if (drawn.hasCodes && (drawn.hasPassword || drawn.totp === 'confirmed'))
      add('second_factor', 'recoveryCode', '')
    for (const key of drawn.devices) add('device', '', `device ${key}`)
  }
  if (drawn.handles === 2) add('handle', '', null, false)
  model.accounts.set(id, {
    id,
    createdAt,
    kind: drawn.isGuest ? 'ANONYMOUS' : 'PERSON',
    handle: drawn.handles > 0 ? add('handle', '', null).id : null,
    displayName: drawn.displayName,
    locale: drawn.locale,
    primaryEmail: identities.find(({ kind }) => kind === 'email')?.key ?? null,
    suspended: false,
    due: false,
    into: null,
  })
  for (let n = 0; n < drawn.sessions; n += 1) {
    const identity = identities[n % identities.length]?.id ?? null
    const session = ids.next()
    model.sessions.set(session, { id: session, account: id, identity, live: true })
  }
}

/** The choices of a merge, by field. */
export const choicesOf = (
  drawn: readonly ('own' | 'other' | null)[],
  ids: { readonly own: string; readonly other: string },
): ReadonlyMap<MergeField, string> =>
  new Map(
    mergeFields.flatMap((field, n): [MergeField, string][] => {
      const side = drawn[n] ?? null
      return side === null ? [] : [[field, ids[side]]]
    }),
  )
