// The store of undos: lists merges, reads a journal beside what became of its rows, and records that a merge was undone.
import type { Call } from '../database/call.js'
import type { JsonObject } from '../database/json.js'
import { passwordMethodName } from '../identities/identity.js'
import type { Merge } from './merge.js'
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

  /** Records that a merge was undone; false if it was before. */
  async close(call: Call, id: string, by: JsonObject, report: object): Promise<boolean> {
    return (await call.run(close, [id, call.now, JSON.stringify(by), JSON.stringify(report)])).length > 0
  }
}
