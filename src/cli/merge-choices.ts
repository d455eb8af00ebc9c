// The choices of a merge: which account stays, and whose value of each field that both have.

import {
  type MergeConflict,
  type MergeField,
  type MergePlan,
  type MergeResolution,
  mergeFieldNames,
} from '../client/merges.js'
import { CliError } from './cli-error.js'
import { nameOfField, shownValue } from './describe-merge.js'
import type { Prompter } from './prompter.js'

/** Whose value stays. */
export type Keeping = 'survivor' | 'absorbed'

/** Adds one `--keep FIELD=survivor|absorbed` to those before it. `USAGE`. */
export const parseKeep = (
  word: string,
  before: ReadonlyMap<MergeField, Keeping> = new Map(),
): ReadonlyMap<MergeField, Keeping> => {
  const [name = '', side, ...more] = word.split('=')
  const field = mergeFieldNames.find((known) => known === name.toUpperCase().replaceAll('-', '_'))
  if (field === undefined || (side !== 'survivor' && side !== 'absorbed') || more.length > 0)
    throw new CliError(
      'USAGE',
      '--keep names a field and whose value stays.',
      `Such as --keep HANDLE=absorbed. The fields: ${mergeFieldNames.join(', ')}`,
    )
  if (before.has(field)) throw new CliError('USAGE', `--keep ${field} is given twice.`)
  return new Map([...before, [field, side]])
}

/**
 * The plan with the account that `--survivor` names as the one that stays: its id, its handle, `mine` or `other`.
 * `USAGE` if it is neither of the two.
 */
export const chooseSurvivor = (plan: MergePlan, wanted: string | null, ownId: string): MergePlan => {
  if (wanted === null) return plan
  const { survivor, absorbed } = plan
  const names = (side: MergePlan['survivor']): boolean =>
    wanted === side.id || wanted === side.handle || wanted === (side.id === ownId ? 'mine' : 'other')
  if (names(survivor)) return plan
  if (!names(absorbed))
    throw new CliError(
      'USAGE',
      '--survivor names neither of the two accounts.',
      'Give its id or handle, or: mine, other',
    )
  return {
    ...plan,
    survivor: absorbed,
    absorbed: survivor,
    why: 'You have chosen which account stays.',
    conflicts: plan.conflicts.map(({ field, survivorValue, absorbedValue }) => ({
      field,
      survivorValue: absorbedValue,
      absorbedValue: survivorValue,
    })),
  }
}

/** What the choices need. */
export interface ChoiceMeans {
  readonly prompter: Prompter
  /** What `--keep` has chosen. */
  readonly keep: ReadonlyMap<MergeField, Keeping>
  /** Whether to ask for what `--keep` leaves open; otherwise the survivor's value stays. */
  readonly asks: boolean
}

/** A choice for each conflict. `USAGE` if `--keep` names a field that is none. */
export const resolveConflicts = async (
  { conflicts, survivor, absorbed }: MergePlan,
  { prompter, keep, asks }: ChoiceMeans,
): Promise<MergeResolution[]> => {
  for (const field of keep.keys())
    if (!conflicts.some((conflict) => conflict.field === field))
      throw new CliError('USAGE', `--keep ${field}: the accounts do not both have one that differs.`)
  const resolutions: MergeResolution[] = []
  for (const conflict of conflicts) {
    const keeping = keep.get(conflict.field) ?? (asks ? await askWhose(prompter, conflict) : 'survivor')
    resolutions.push({ field: conflict.field, from: (keeping === 'survivor' ? survivor : absorbed).id })
  }
  return resolutions
}

/** An empty answer is the first one. */
const askWhose = async (
  prompter: Prompter,
  { field, survivorValue, absorbedValue }: MergeConflict,
): Promise<Keeping> => {
  const question = `Keep which ${nameOfField(field)}? 1: ${shownValue(survivorValue)} (of the account that stays), 2: ${shownValue(absorbedValue)} [1]`
  for (;;) {
    const answer = (await prompter.ask(question, 'A choice')).trim()
    if (answer === '' || answer === '1') return 'survivor'
    if (answer === '2') return 'absorbed'
  }
}
