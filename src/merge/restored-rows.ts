// The store of restored rows: puts back what a merge moved or removed, and parts the journals of a chain.
import type { Call } from '../database/call.js'
import type { Statement } from '../database/connection.js'
import { passwordMethodName } from '../identities/identity.js'
import type { MergeSideName } from './merge.js'
import type { UndoPlan } from './plan-undo.js'

const returnIdentities = {
  name: 'idem_merge_undo_return_identities',
  text: `update identity set account_id = $2::uuid,
      subject = case when method = '${passwordMethodName}' then $2::uuid::text else subject end
    where id = any($1::uuid[]) returning id`,
}

const reinstateGuests = {
  name: 'idem_merge_undo_reinstate_guests',
  text: 'delete from retired_identity where id = any($1::uuid[]) returning id',
}

const returnRows = (table: 'second_factor' | 'device'): Statement => ({
  name: `idem_merge_undo_return_${table}`,
  text: `update ${table} set account_id = $2::uuid where id = any($1::uuid[]) returning id`,
})

/** $3 is the account of the survivor's side, $4 that of the absorbed one. */
const remake = (table: 'identity' | 'second_factor' | 'device', changes: string): Statement => ({
  name: `idem_merge_undo_remake_${table}`,
  text: `insert into ${table} select (jsonb_populate_record(null::${table}, j.row || ${changes})).*
    from (select row, row_key, case side when 'survivor' then $3::uuid else $4::uuid end as home from merge_row
      where merge_id = $1::uuid and table_name = '${table}' and row_key = any($2::text[])) j
    returning id`,
})

const tables = {
  identity: {
    return: returnIdentities,
    remake: remake(
      'identity',
      `jsonb_build_object('account_id', j.home, 'failed_proofs', 0, 'last_failed_at', null, 'subject',
        case when j.row->>'method' = '${passwordMethodName}' then j.home::text else j.row->>'subject' end)`,
    ),
  },
  second_factor: {
    return: returnRows('second_factor'),
    remake: remake('second_factor', `jsonb_build_object('account_id', j.home)`),
  },
  device: {
    return: returnRows('device'),
    remake: remake('device', `jsonb_build_object('account_id', j.home)`),
  },
}

/** Returned handles, and if $5 the survivor's own, get the state that they had. */
const returnHandles = {
  name: 'idem_merge_undo_return_handles',
  text: `update handle h set account_id = case when j.side = 'absorbed' then $4::uuid else h.account_id end,
      given_up_at = (j.row->>'given_up_at')::timestamptz, kept_since = (j.row->>'kept_since')::timestamptz
    from merge_row j
    where j.merge_id = $1::uuid and j.table_name = 'handle' and j.row_key = h.name and h.account_id = $3::uuid
      and (h.name = any($2::text[]) or $5::boolean and j.side = 'survivor')
    returning h.name`,
}

/** The merges that took the survivor of $1 further, one after the other. */
const path = `with recursive path (id, survivor_id) as (
    select m.id, m.survivor_id from merge own join merge m on m.absorbed_id = own.survivor_id
      where own.id = $1::uuid and m.undone_at is null
    union all
    select m.id, m.survivor_id from path p join merge m on m.absorbed_id = p.survivor_id where m.undone_at is null)`

/**
 * From the journals of the later merges of the survivor, and of those that it was merged into, on either side. Of handles
 * only those that returned. An identity that was linked anew is the same one.
 */
const forget = {
  name: 'idem_merge_undo_forget',
  text: `${path},
    later (id) as (select m.id from merge own join merge m on (m.merged_at, m.id) > (own.merged_at, own.id)
        and (m.survivor_id = own.survivor_id or m.survivor_id in (select survivor_id from path)
          or m.absorbed_id = own.survivor_id)
      where own.id = $1::uuid and m.undone_at is null)
    delete from merge_row r using later l where r.merge_id = l.id and (
      (r.table_name, r.row_key) in (select j.table_name, j.row_key from merge_row j
        where j.merge_id = $1::uuid and j.side = 'absorbed'
          and (j.table_name <> 'handle' or j.row_key = any($2::text[])))
      or r.table_name = 'identity' and (r.row->>'method', r.row->>'issuer', r.row->>'subject') in (
        select j.row->>'method', j.row->>'issuer', j.row->>'subject' from merge_row j
        where j.merge_id = $1::uuid and j.side = 'absorbed' and j.table_name = 'identity'))
    returning r.merge_id`,
}

const moved = `on conflict (merge_id, table_name, row_key) do update
    set side = excluded.side, fate = excluded.fate, row = excluded.row returning merge_id`

const remember = {
  name: 'idem_merge_undo_remember',
  text: `${path}
    insert into merge_row (merge_id, side, table_name, row_key, fate, row)
    select p.id, 'absorbed', j.table_name, j.row_key, 'moved', j.row from path p, merge_row j
      where j.merge_id = $1::uuid and j.side = 'survivor' and j.row_key = any($2::text[])
    ${moved}`,
}

const rememberProven = {
  name: 'idem_merge_undo_remember_proven',
  text: `${path}
    insert into merge_row (merge_id, side, table_name, row_key, fate, row)
    select p.id, 'absorbed', 'identity', i.id::text, 'moved', to_jsonb(i) from path p, identity i
      where i.id = $2::uuid
    ${moved}`,
}

/** The accounts of the two sides: who has what was the survivor's, and who gets its own back. */
export interface UndoHomes {
  readonly mergeId: string
  readonly holderId: string
  readonly absorbedId: string
}

/** A proven identity, and the account and side to which it returns. */
export interface ReturnedProof {
  readonly mergeId: string
  readonly identityId: string
  readonly accountId: string
  readonly side: MergeSideName
}

/** The rows that undos put back. */
export class RestoredRows {
  /** Puts the rows of a plan back, in the caller's transaction; the number of statements is constant. */
  async putBack(call: Call, { mergeId, holderId, absorbedId }: UndoHomes, plan: UndoPlan): Promise<void> {
    await call.run(reinstateGuests, [plan.identity.remade])
    for (const table of ['identity', 'second_factor', 'device'] as const) {
      const { returned, remade } = plan[table]
      await call.run(tables[table].return, [returned, absorbedId])
      await call.run(tables[table].remake, [mergeId, remade, holderId, absorbedId])
    }
    const { returned, areOwnRestored } = plan.handle
    await call.run(returnHandles, [mergeId, returned, holderId, absorbedId, areOwnRestored])
    await this.#keepApart(call, mergeId, plan)
  }

  /**
   * Where the survivor was merged further, the undo of that merge must neither take anything of the absorbed account any
   * more, nor leave behind what was made again for the survivor: it belongs to whom that undo restores.
   */
  async #keepApart(call: Call, mergeId: string, plan: UndoPlan): Promise<void> {
    const remade = [plan.identity, plan.second_factor, plan.device].flatMap((rows) => rows.remade)
    await call.run(forget, [mergeId, plan.handle.returned])
    await call.run(remember, [mergeId, remade])
  }

  /** Moves the proven identity from a third account to its side. */
  async takeProven(call: Call, { mergeId, identityId, accountId, side }: ReturnedProof): Promise<void> {
    await call.run(returnIdentities, [[identityId], accountId])
    if (side === 'survivor') await call.run(rememberProven, [mergeId, identityId])
  }
}
