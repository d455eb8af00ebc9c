// Merges and their plans in words and tables.

import type {
  MergeConflict,
  MergeMove,
  MergePlan,
  MergeRecord,
  MergeSide,
  MergeUndoPlan,
} from '../client/merges.js'
import { describeMoment } from './describe-moment.js'
import { layOutColumns } from './lay-out-columns.js'

/** What each field is called in a table. */
const fieldNames: Readonly<Record<MergeConflict['field'], string>> = {
  HANDLE: 'handle',
  DISPLAY_NAME: 'display name',
  PRIMARY_EMAIL: 'primary address',
  LOCALE: 'language',
  PASSWORD: 'password',
  TOTP: 'authenticator app',
}

/** What moves, for one and for several. */
const moveNames: Readonly<Record<MergeMove['what'], readonly [one: string, several: string]>> = {
  IDENTITY: ['identity', 'identities'],
  DEVICE: ['device', 'devices'],
  HANDLE: ['handle', 'handles'],
  PASSWORD: ['password', 'passwords'],
  TOTP: ['authenticator app', 'authenticator apps'],
  RECOVERY_CODES: ['set of recovery codes', 'sets of recovery codes'],
}

const describeMove = ({ what, count }: MergeMove): string =>
  `${count} ${moveNames[what][count === 1 ? 0 : 1]}`

/** The name of a field of both accounts. */
export const nameOfField = (field: MergeConflict['field']): string => fieldNames[field]

/** The account by the best name that it has. */
export const nameOfSide = ({ handle, displayName, id }: MergeSide): string => handle ?? displayName ?? id

const kindNames = { ANONYMOUS: 'guest', PERSON: 'person', SERVICE: 'machine' } as const

const sideRow = (title: string, { id, kind, handle, createdAt }: MergeSide): string[] => [
  title,
  handle ?? '-',
  kindNames[kind],
  createdAt.slice(0, 10),
  id,
]

/** The value of a side; secret ones are only said to be there. */
export const shownValue = (value: string | null): string => value ?? '(its own)'

/** The plan as tables: the two accounts, what moves, and what both have. */
export const describePlan = ({ survivor, absorbed, why, moves, conflicts }: MergePlan): string => {
  const sides = layOutColumns([
    ['', 'HANDLE', 'KIND', 'SINCE', 'ID'],
    sideRow('stays', survivor),
    sideRow('is merged', absorbed),
  ])
  const both = conflicts.map(({ field, survivorValue, absorbedValue }) => [
    nameOfField(field),
    shownValue(survivorValue),
    shownValue(absorbedValue),
  ])
  return [
    sides,
    why,
    moves.length === 0 ? 'Nothing moves.' : `These move: ${moves.map(describeMove).join(', ')}.`,
    ...(both.length === 0 ? [] : [layOutColumns([['BOTH HAVE', 'STAYS', 'IS MERGED'], ...both])]),
  ].join('\n\n')
}

/** The merges as a table, the newest first. */
export const describeMerges = (merges: readonly MergeRecord[], now: Date): string => {
  if (merges.length === 0) return 'Nothing was merged into this account.'
  const rows = merges.map((merge) => [
    merge.mergedAt.slice(0, 16).replace('T', ' '),
    merge.absorbedId,
    merge.proofs.map(({ method }) => method).join(' + '),
    stateOf(merge, now),
    acknowledged(merge),
    merge.id,
  ])
  return layOutColumns([['MERGED', 'ABSORBED ACCOUNT', 'PROVEN BY', 'UNDO', 'SERVICES', 'ID'], ...rows])
}

const stateOf = ({ undoneAt, undoableUntil }: MergeRecord, now: Date): string => {
  if (undoneAt !== null) return `undone ${undoneAt.slice(0, 10)}`
  return new Date(undoableUntil) <= now ? 'too late' : `until ${undoableUntil.slice(0, 10)}`
}

/** How many of the services that are told have acknowledged. */
const acknowledged = ({ acknowledgements: told }: MergeRecord): string =>
  told.length === 0
    ? '-'
    : `${told.filter(({ acknowledgedAt }) => acknowledgedAt !== null).length}/${told.length}`

/** What an undo gives back, and what stays. */
export const describeUndoPlan = ({ merge, restores, stays }: MergeUndoPlan, now: Date): string => {
  const list = (items: MergeUndoPlan['stays'], none: string): string =>
    items.length === 0 ? `  ${none}` : items.map(({ description }) => `  ${description}`).join('\n')
  return [
    `Account ${merge.absorbedId} was merged into ${merge.survivorId} on ${describeMoment(merge.mergedAt, now)}.`,
    `It gets back:\n${list(restores, 'nothing')}`,
    `The survivor keeps, of what came since:\n${list(stays, 'nothing')}`,
  ].join('\n\n')
}
