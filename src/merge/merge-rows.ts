// The store of journals: moves or removes what an absorbed account has, and records every row as it was before.
import type { Call } from '../database/call.js'
import type { Statement } from '../database/connection.js'
import { passwordMethodName } from '../identities/identity.js'
import type { MergeDecision } from './decide-merge.js'
import type { MergeField, MergeSideName } from './merge.js'
import { guestMethodName } from './merges.js'

// In all statements: $1 the merge, $2 the survivor, $3 the absorbed account. `removed` is a condition on the row `r`.
const noted = (table: string, removed: string, key = 'id'): string =>
  `insert into merge_row (merge_id, side, table_name, row_key, fate, row)
    select $1::uuid, case when r.account_id = $2::uuid then 'survivor' else 'absorbed' end, '${table}', r.${key}::text,
      case when ${removed} then 'removed' when r.account_id = $2::uuid then 'held' else 'moved' end, to_jsonb(r)
    from ${table} r where r.account_id in ($2::uuid, $3::uuid)`

const removal = (table: string): string =>
  `delete from ${table} where id in (select row_key::uuid from merge_row
    where merge_id = $1::uuid and table_name = '${table}' and fate = 'removed') returning id`

const isOf = (side: '$4' | '$5'): string =>
  `r.account_id = case ${side}::text when 'survivor' then $2::uuid when 'absorbed' then $3::uuid end`

const identities = {
  note: {
    name: 'idem_merge_note_identities',
    text: `with noted as (${noted(
      'identity',
      `r.method = '${guestMethodName}' and r.account_id = $3::uuid
        or r.method = '${passwordMethodName}' and ${isOf('$4')}`,
    )} returning row_key, fate)
    select row_key as id from noted where fate = 'removed'`,
  },
  /** A guest's secret is retired, so that it opens no new account either. After an undo it is retired already. */
  remove: {
    name: 'idem_merge_remove_identities',
    text: `with gone as (${removal('identity')}, account_id, method, issuer, subject)
      insert into retired_identity (id, account_id, method, issuer, subject, retired_at)
      select id, account_id, method, issuer, subject, $2::timestamptz from gone where method = '${guestMethodName}'
      on conflict do nothing returning id`,
  },
  /** The subject of a password is the account's id. */
  move: {
    name: 'idem_merge_move_identities',
    text: `update identity set account_id = $1::uuid,
        subject = case when method = '${passwordMethodName}' then $1::uuid::text else subject end
      where account_id = $2::uuid returning id`,
  },
}

const secondFactors = {
  note: {
    name: 'idem_merge_note_second_factors',
    text: noted(
      'second_factor',
      `r.kind = 'totp' and coalesce(${isOf('$4')}, false)
        or r.kind = 'recoveryCode' and coalesce(${isOf('$5')}, false)
        or r.confirmed_at is null and r.account_id = $3::uuid
        or r.confirmed_at is null and exists (select 1 from second_factor o
          where o.account_id = $3::uuid and o.kind = r.kind and o.confirmed_at is not null)`,
    ),
  },
  remove: { name: 'idem_merge_remove_second_factors', text: removal('second_factor') },
  move: {
    name: 'idem_merge_move_second_factors',
    text: 'update second_factor set account_id = $1::uuid where account_id = $2::uuid returning id',
  },
}

/** Of two devices with one key the older one stays. */
const devices = {
  note: {
    name: 'idem_merge_note_devices',
    text: noted(
      'device',
      `exists (select 1 from device o where o.account_id in ($2::uuid, $3::uuid) and o.account_id <> r.account_id
        and o.public_key = r.public_key and (o.created_at, o.id) < (r.created_at, r.id))`,
    ),
  },
  remove: { name: 'idem_merge_remove_devices', text: removal('device') },
  move: {
    name: 'idem_merge_move_devices',
    text: 'update device set account_id = $1::uuid where account_id = $2::uuid returning id',
  },
}

/** $3 is the handle that the survivor shows; another one that was in use is given up, and kept for ever. */
const handles = {
  note: { name: 'idem_merge_note_handles', text: noted('handle', 'false', 'name') },
  move: {
    name: 'idem_merge_move_handles',
    text: `update handle set account_id = $1::uuid,
        given_up_at = case when name = $3::text then null else coalesce(given_up_at, $4::timestamptz) end,
        kept_since = coalesce(kept_since, $4::timestamptz)
      where account_id in ($1::uuid, $2::uuid) returning name`,
  },
}

/** The side whose row goes where only one can stay; null where at most one side has any. */
const loserOf = ({ conflicts, kept }: MergeDecision, field: MergeField): MergeSideName | null => {
  if (!conflicts.some((conflict) => conflict.field === field)) return null
  return kept.get(field) === 'absorbed' ? 'survivor' : 'absorbed'
}

/** A merge that is written into the journal. */
export interface JournalledMerge {
  readonly mergeId: string
  readonly decision: MergeDecision
  /** The side whose recovery codes go; null if at most one has any. */
  readonly lostCodes: MergeSideName | null
  /** The handle of the survivor afterwards. */
  readonly handle: string | null
}

/** The journals of all merges. */
export class MergeRows {
  /**
   * Records the identities of both accounts; returns the ids of those that will be removed, whose sessions the caller
   * ends. To be called before `moveAll`.
   */
  async noteIdentities(call: Call, { mergeId, decision }: JournalledMerge): Promise<string[]> {
    const { survivor, absorbed } = decision
    const values = [mergeId, survivor.id, absorbed.id, loserOf(decision, 'PASSWORD')]
    return (await call.run<{ id: string }>(identities.note, values)).map(({ id }) => id)
  }

  /**
   * Moves what the absorbed account has, in the caller's transaction, with both accounts locked and the merge recorded.
   * The number of statements is the same for any number of rows.
   */
  async moveAll(call: Call, { mergeId, decision, lostCodes, handle }: JournalledMerge): Promise<void> {
    const [survivor, absorbed] = [decision.survivor.id, decision.absorbed.id]
    const note = async (statement: Statement, ...more: readonly unknown[]) =>
      await call.run(statement, [mergeId, survivor, absorbed, ...more])
    await call.run(identities.remove, [mergeId, call.now])
    await call.run(identities.move, [survivor, absorbed])
    await note(secondFactors.note, loserOf(decision, 'TOTP'), lostCodes)
    await call.run(secondFactors.remove, [mergeId])
    await call.run(secondFactors.move, [survivor, absorbed])
    await note(devices.note)
    await call.run(devices.remove, [mergeId])
    await call.run(devices.move, [survivor, absorbed])
    await note(handles.note)
    await call.run(handles.move, [survivor, absorbed, handle, call.now])
  }
}
