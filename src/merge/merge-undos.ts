// The store of undos: reads a journal beside what became of its rows, and puts rows back.
import type { Call } from '../database/call.js'
import type { Statement } from '../database/connection.js'
import type { JsonObject } from '../database/json.js'
import { passwordMethodName } from '../identities/identity.js'
import type { Merge, MergeSideName } from './merge.js'
import type { UndoPlan } from './plan-undo.js'
import type { JournalledRow, LaterRow } from './undo-facts.js'

const columns = `m.id, m.survivor_id as survivor, m.absorbed_id as absorbed, m.rule, m.why, m.resolutions, m.proofs,
  m.before, m.after, m.merged_at as "mergedAt", m.undoable_until as "undoableUntil", m.undone_at as "undoneAt",
  m.undone_by as "undoneBy", m.undo_report as "undoReport"`

const find = { name: 'idem_merge_find', text: `select ${columns} from merge m where m.id = $1::uuid` }

/** Most merges of a list. A person has one or two. */
export const mostMergesListed = 20

/**
 * Of an account, of those that lead to it now, and those that the caller's session may undo because its identity was
 * part of them.
 */
const list = {
  name: 'idem_merge_list',
  text: `with own as (select id from account where id = $1::uuid or merged_into_id = $1::uuid)
    select ${columns} from merge m
    where m.survivor_id in (select id from own) or m.absorbed_id in (select id from own)
      or m.id in (select j.merge_id from session s join identity i on i.id = s.identity_id
        join merge_row j on j.table_name = 'identity' and j.row->>'subject' = i.subject
          and j.row->>'method' = i.method and j.row->>'issuer' = i.issuer
        where s.id = $2::uuid)
    order by m.merged_at desc, m.id desc limit ${mostMergesListed}`,
}

const ofIdentities = (
  found: string,
): string => `select j.table_name as "table", j.row_key as key, j.side, j.fate,
      j.row->>'method' as kind, j.row->>'subject' as subject,
      case when i.id is not null then jsonb_build_object('id', i.id, 'accountId', i.account_id, 'isChanged',
        i.credential->>'version' is distinct from j.row->'credential'->>'version') end as now
    from merge_row j left join identity i on ${found}
    where j.merge_id = $1::uuid and j.table_name = 'identity'`

/**
 * An identity of the same subject is the same identity, also if it was unlinked and linked again. A password is not. The
 * two are joined apart, so that each finds its rows by an index.
 */
const rows = {
  name: 'idem_merge_undo_rows',
  text: `${ofIdentities('i.id = j.row_key::uuid')} and j.row->>'method' = '${passwordMethodName}'
  union all
  ${ofIdentities("i.method = j.row->>'method' and i.issuer = j.row->>'issuer' and i.subject = j.row->>'subject'")}
      and j.row->>'method' <> '${passwordMethodName}'
  union all
  select j.table_name, j.row_key, j.side, j.fate, f.kind, null,
      case when n.id is not null then
        jsonb_build_object('id', n.id, 'accountId', n.account_id, 'isChanged', false) end
    from merge_row j left join second_factor n on n.id = j.row_key::uuid
    cross join lateral (select coalesce(n.kind, j.row->>'kind') as kind) f
    where j.merge_id = $1::uuid and j.table_name = 'second_factor'
      and (n.id is not null or j.row->>'confirmed_at' is not null)
  union all
  select j.table_name, j.row_key, j.side, j.fate, null, coalesce(n.public_key, j.row->>'public_key'),
      case when n.id is not null then
        jsonb_build_object('id', n.id, 'accountId', n.account_id, 'isChanged', false) end
    from merge_row j left join device n on n.id = j.row_key::uuid
    where j.merge_id = $1::uuid and j.table_name = 'device'
  union all
  select j.table_name, j.row_key, j.side, j.fate, null, j.row_key,
      case when n.name is not null then
        jsonb_build_object('id', n.name, 'accountId', n.account_id, 'isChanged', false) end
    from merge_row j left join handle n on n.name = j.row_key
    where j.merge_id = $1::uuid and j.table_name = 'handle'`,
}

/** What an account got since a time and the journal does not know. */
const later = {
  name: 'idem_merge_undo_later',
  text: `select 'identity' as "table", i.id::text as id, i.method as kind, i.subject from identity i
    where i.account_id = $2::uuid and i.created_at >= $3::timestamptz and not exists (select 1 from merge_row j
      where j.merge_id = $1::uuid and j.table_name = 'identity' and (j.row_key = i.id::text
        or j.row->>'method' = i.method and j.row->>'issuer' = i.issuer and j.row->>'subject' = i.subject))
  union all
  select 'second_factor', f.id::text, f.kind, null from second_factor f
    where f.account_id = $2::uuid and f.created_at >= $3::timestamptz and f.confirmed_at is not null
      and not exists (select 1 from merge_row j
        where j.merge_id = $1::uuid and j.table_name = 'second_factor' and j.row_key = f.id::text)
  union all
  select 'device', d.id::text, null, d.public_key from device d
    where d.account_id = $2::uuid and d.created_at >= $3::timestamptz and not exists (select 1 from merge_row j
      where j.merge_id = $1::uuid and j.table_name = 'device' and j.row_key = d.id::text)
  union all
  select 'handle', h.name, null, h.name from handle h
    where h.account_id = $2::uuid and h.taken_at >= $3::timestamptz and not exists (select 1 from merge_row j
      where j.merge_id = $1::uuid and j.table_name = 'handle' and j.row_key = h.name)`,
}

const heldKinds = {
  name: 'idem_merge_undo_held_kinds',
  text: `select kind from second_factor where account_id = $1::uuid and confirmed_at is not null
    union all select method from identity where account_id = $1::uuid and method = '${passwordMethodName}'`,
}

/** The identity that opened a session, if one of the sides held it at the merge. */
const proven = {
  name: 'idem_merge_undo_proven',
  text: `select i.id, i.account_id as "accountId", i.method, i.subject, j.side
    from session s join identity i on i.id = s.identity_id
    join merge_row j on j.merge_id = $1::uuid and j.table_name = 'identity' and j.row->>'method' = i.method
      and j.row->>'issuer' = i.issuer and j.row->>'subject' = i.subject
    where s.id = $2::uuid and i.method <> '${passwordMethodName}'`,
}

/** A password alone opens no account. */
const countWaysIn = {
  name: 'idem_merge_undo_count_ways_in',
  text: `select count(*)::int as count from identity
    where account_id = $1::uuid and method <> '${passwordMethodName}'`,
}

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

const close = {
  name: 'idem_merge_undone',
  text: `update merge set undone_at = $2::timestamptz, undone_by = $3::jsonb, undo_report = $4::jsonb
    where id = $1::uuid and undone_at is null returning id`,
}

/** The identity of a session that was proven, and the side that held it. */
export interface UndoProof {
  readonly id: string
  readonly accountId: string
  readonly method: string
  readonly subject: string
  readonly side: 'survivor' | 'absorbed'
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

/** Merges as they are listed and undone. */
export class MergeUndos {
  /** The merge with this id, or null. */
  async find(call: Call, id: string): Promise<Merge | null> {
    return (await call.run<Merge>(find, [id]))[0] ?? null
  }

  /**
   * The merges of an account, of those that lead to it, and those that a session may undo; undone ones too, newest first,
   * at most twenty.
   */
  async listOf(call: Call, accountId: string, sessionId: string | null): Promise<Merge[]> {
    return await call.run<Merge>(list, [accountId, sessionId])
  }

  /** The journal of a merge, beside what became of each row. */
  async rowsOf(call: Call, mergeId: string): Promise<JournalledRow[]> {
    return await call.run<JournalledRow>(rows, [mergeId])
  }

  /** What the account got since the merge. */
  async listLater(call: Call, merge: Merge, accountId: string): Promise<LaterRow[]> {
    return await call.run<LaterRow>(later, [merge.id, accountId, merge.mergedAt])
  }

  /** The kinds of second factors that an account has, with `password`. */
  async heldKindsOf(call: Call, accountId: string): Promise<string[]> {
    return (await call.run<{ kind: string }>(heldKinds, [accountId])).map(({ kind }) => kind)
  }

  /** The identity that opened a session, if one of the sides held it at the merge; else null. */
  async findProof(call: Call, mergeId: string, sessionId: string): Promise<UndoProof | null> {
    return (await call.run<UndoProof>(proven, [mergeId, sessionId]))[0] ?? null
  }

  /** The number of identities of an account that can begin a sign-in. */
  async countWaysIn(call: Call, accountId: string): Promise<number> {
    return (await call.run<{ count: number }>(countWaysIn, [accountId]))[0]?.count ?? 0
  }

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

  /** Records that a merge was undone; false if it was before. */
  async close(call: Call, id: string, by: JsonObject, report: object): Promise<boolean> {
    return (await call.run(close, [id, call.now, JSON.stringify(by), JSON.stringify(report)])).length > 0
  }
}
