// Merges of the account: the plan of one, its decision, what was merged, and what an undo would do.

import type { AccountSummary } from './account.js'
import type { Transport } from './transport.js'

/** What both accounts of a merge may have, and of which only one can stay. */
export const mergeFieldNames = [
  'HANDLE',
  'DISPLAY_NAME',
  'PRIMARY_EMAIL',
  'LOCALE',
  'PASSWORD',
  'TOTP',
] as const

/** One of them. */
export type MergeField = (typeof mergeFieldNames)[number]

/** An account of a merge. */
export interface MergeSide extends AccountSummary {
  readonly displayName: string | null
}

/** Something that moves to the survivor. */
export interface MergeMove {
  readonly what: 'IDENTITY' | 'DEVICE' | 'HANDLE' | 'PASSWORD' | 'TOTP' | 'RECOVERY_CODES'
  readonly count: number
}

/** A field of which both accounts have a value; the values are null where they are secret. */
export interface MergeConflict {
  readonly field: MergeField
  readonly survivorValue: string | null
  readonly absorbedValue: string | null
}

/** What a merge would do. */
export interface MergePlan {
  /** Valid once, for five minutes, in this session. */
  readonly ticket: string
  readonly expiresAt: string
  readonly survivor: MergeSide
  readonly absorbed: MergeSide
  readonly rule: string
  /** One sentence. */
  readonly why: string
  readonly moves: readonly MergeMove[]
  readonly conflicts: readonly MergeConflict[]
}

/** Which account's value stays. */
export interface MergeResolution {
  readonly field: MergeField
  /** The id of the account. */
  readonly from: string
}

/** A proof by which a merge was made. */
export interface MergeProof {
  readonly method: string
  readonly at: string
}

/** A service that was told. */
export interface MergeAcknowledgement {
  readonly endpointId: string
  /** What the operators call it, or null. */
  readonly description: string | null
  /** `account.merged` or `account.unmerged`. */
  readonly type: string
  /** When it acknowledged; null if it has not yet. */
  readonly acknowledgedAt: string | null
}

/** A merge that was made. */
export interface Merge {
  readonly id: string
  readonly survivorId: string
  readonly absorbedId: string
  readonly rule: string
  readonly why: string
  readonly mergedAt: string
  readonly undoableUntil: string
  readonly undoneAt: string | null
}

/** A merge with everything that is known of it. */
export interface MergeRecord extends Merge {
  readonly proofs: readonly MergeProof[]
  readonly acknowledgements: readonly MergeAcknowledgement[]
}

/** Something that an undo gives back or leaves. */
export interface MergeUndoItem {
  /** In a word, such as `identity`. */
  readonly what: string
  readonly description: string
  readonly id: string | null
}

/** What an undo would do. */
export interface MergeUndoPlan {
  readonly merge: Merge
  readonly restores: readonly MergeUndoItem[]
  readonly stays: readonly MergeUndoItem[]
}

/** The fields of a `Merge`. */
export const mergeFields = 'id survivorId absorbedId rule why mergedAt undoableUntil undoneAt'

/** The fields of a `MergeSide`. Its id is named as that of other accounts. */
const mergeSideFields = 'id: accountId kind handle createdAt displayName'

/** The fields of a `MergePlan`. */
export const mergePlanFields = `ticket expiresAt rule why
  survivor { ${mergeSideFields} } absorbed { ${mergeSideFields} }
  moves { what count } conflicts { field survivorValue absorbedValue }`

/** Merges by a plan. `CONFLICT` if it is a plan of something that has changed, or was used. */
export const mergeAccounts = async (
  transport: Transport,
  input: {
    readonly ticket: string
    readonly survivor: string | null
    readonly resolutions: readonly MergeResolution[]
  },
): Promise<Merge> => {
  const document = `mutation MergeAccounts($input: MergeAccountsInput!) {
    mergeAccounts(input: $input) { ${mergeFields} }
  }`
  const data = await transport.send<{ mergeAccounts: Merge }>({ document, variables: { input } })
  return data.mergeAccounts
}

/** The merges of the account, the newest first. */
export const fetchMerges = async (transport: Transport): Promise<readonly MergeRecord[]> => {
  const document = `query Merges {
    merges { ${mergeFields} proofs { method at } acknowledgements { endpointId description type acknowledgedAt } }
  }`
  return (await transport.send<{ merges: readonly MergeRecord[] }>({ document })).merges
}

/** What an undo of a merge would do. `NOT_FOUND` if it is none of the account's. */
export const fetchUndoPlan = async (transport: Transport, id: string): Promise<MergeUndoPlan> => {
  const items = 'what description id'
  const document = `query MergeUndoPlan($id: ID!) {
    mergeUndoPlan(id: $id) { merge { ${mergeFields} } restores { ${items} } stays { ${items} } }
  }`
  const call = { document, variables: { id } }
  return (await transport.send<{ mergeUndoPlan: MergeUndoPlan }>(call)).mergeUndoPlan
}

/** Undoes a merge. */
export const undoMerge = async (transport: Transport, id: string): Promise<Merge> => {
  const document = `mutation UndoMerge($id: ID!) { undoMerge(id: $id) { ${mergeFields} } }`
  return (await transport.send<{ undoMerge: Merge }>({ document, variables: { id } })).undoMerge
}
