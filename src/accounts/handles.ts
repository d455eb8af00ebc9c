// The store of handles: to which account each belongs, and which become free again because they were never used.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import type { Account } from './account.js'
import { Handle } from './handle.js'

const findByName = {
  name: 'idem_handle_by_name',
  text: `select account_id as "accountId" from handle where name = $1`,
}

/** An account may take back a handle that it gave up. Returns no row if the handle belongs to another account. */
const take = {
  name: 'idem_handle_take',
  text: `insert into handle (name, account_id, taken_at) values ($2, $1::uuid, $3::timestamptz)
    on conflict (name) do update set given_up_at = null where handle.account_id = excluded.account_id
    returning name`,
}

/** A handle that was in use for this long belongs to its account for ever, even after it is given up. */
const trial = `interval '1 day'`

const giveUp = {
  name: 'idem_handle_give_up',
  text: `update handle set given_up_at = $2::timestamptz,
      kept_since = case when $2::timestamptz >= taken_at + ${trial} then coalesce(kept_since, $2::timestamptz) else kept_since end
    where name = $1 and account_id = $3::uuid`,
}

/** Gives up what is in use of several accounts, by the same rule; in order, like every lock of several handles. */
const giveUpAll = {
  name: 'idem_handle_give_up_all',
  text: `with given as (
      select name from handle where account_id = any($2::uuid[]) and given_up_at is null order by name for update)
    update handle set given_up_at = $1::timestamptz,
      kept_since = case when $1::timestamptz >= taken_at + ${trial} then coalesce(kept_since, $1::timestamptz) else kept_since end
    where name in (select name from given)`,
}

/** The handle that a deleted account had in use until then; null if it is free again, or there was none. */
const findFormer = {
  name: 'idem_handle_former',
  text: `select h.name from handle h join account a on a.id = h.account_id
    where h.account_id = $1::uuid and h.given_up_at = a.deleted_at order by h.name limit 1`,
}

const keep = {
  name: 'idem_handle_keep',
  text: 'update handle set kept_since = $2::timestamptz where name = any($1::text[]) and kept_since is null',
}

/** For handles that were given up. `kept_since` is null if that happened within the trial. */
const releaseGivenUp = {
  name: 'idem_handle_release_given_up',
  text: `delete from handle where name in (
      select name from handle where kept_since is null and given_up_at < $1::timestamptz and name <> all($2::text[])
      limit $3 for update skip locked)
    returning name, account_id as "accountId"`,
}

/**
 * Selects handles in use whose account has not been judged yet. Locks the account too, so that concurrent sign-ins
 * wait, and the judgement sees all sign-ins before it.
 */
const lockForJudgement = {
  name: 'idem_handle_lock',
  text: `select h.name from handle h join account a on a.id = h.account_id
    where h.kept_since is null and h.given_up_at is null and h.taken_at < $1::timestamptz
    limit $2 for update of h, a skip locked`,
}

/**
 * True for an account that did nothing after it was created: its only identity is the one that it was created with, and
 * is not an address; it has no device; its only session is the first one, and was never refreshed or stepped up; its
 * profile is empty; the handle was picked on the first day. Any new kind of use must show in one of these conditions, or
 * be added here. A session that shows a use marks the handle when it is purged (`sessions/sessions.ts`).
 */
const isUnused = `a.kind in ('ANONYMOUS', 'PERSON') and a.handle = h.name
  and a.suspended_at is null and a.merged_into_id is null
  and a.display_name is null and a.primary_email is null and a.sign_in_notices
  and h.taken_at < a.created_at + ${trial}
  and (select count(*) from identity i where i.account_id = a.id) = 1
  and exists (select 1 from identity i
    where i.account_id = a.id and i.created_at = a.created_at and i.method <> 'email')
  and not exists (select 1 from device d where d.account_id = a.id)
  and not exists (select 1 from session s where s.account_id = a.id
    and (s.generation > 0 or s.started_at > a.created_at or s.authenticated_at > s.started_at
      or s.ended_at is null and s.expires_at > $2::timestamptz))`

/** Judges each handle once: releases it, or keeps it for ever. */
const judge = {
  name: 'idem_handle_judge',
  text: `with judged as (
      select h.name, h.account_id, ${isUnused} and h.name <> all($3::text[]) as is_unused
      from handle h join account a on a.id = h.account_id where h.name = any($1::text[])),
    kept as (update handle set kept_since = $2::timestamptz
      where name in (select name from judged where not is_unused)),
    released as (delete from handle where name in (select name from judged where is_unused)),
    changed as (update account set handle = null
      where id in (select account_id from judged where is_unused))
    select name, account_id as "accountId" from judged where is_unused`,
}

/** The refusal of a handle that belongs to another account. */
const handleTaken = (): Failure =>
  new Failure('CONFLICT', 'This handle is taken. Pick another one.', { field: 'handle' })

/** The failures for the constraints of a handle, including that of the column in `account`. */
export const handleRefusals = { handle_pkey: handleTaken, account_handle_unique: handleTaken }

/** The row of a handle that a new account starts with. */
export const handleRow = (name: string, { id, createdAt }: Pick<Account, 'id' | 'createdAt'>): Row =>
  rowOf(Handle, { name, account: id, takenAt: createdAt, givenUpAt: null, keptSince: null }, handleRefusals)

/** A handle that was released, and the account to which it belonged. */
export interface ReleasedHandle {
  readonly name: string
  readonly accountId: string
}

/** Which handles may be released: those taken, or given up, before `before`, except `keptHandles`. */
export interface ReleaseRule {
  readonly before: Date
  readonly limit: number
  readonly keptHandles: ReadonlySet<string>
}

/** The handles of the installation. */
export class Handles {
  /** The id of the account to which a handle belongs, in use or given up; null if it is free. */
  async findOwner(call: Call, name: string): Promise<string | null> {
    const [row] = await call.run<{ accountId: string }>(findByName, [name])
    return row?.accountId ?? null
  }

  /**
   * Assigns a handle to the account, which the transaction has locked, and gives up its current one. The caller updates
   * the account (`Accounts.changeHandle`). Throws `CONFLICT` if the handle belongs, or belonged, to another account.
   */
  async assign(call: Call, account: Account, name: string): Promise<void> {
    if (account.handle !== null) await call.run(giveUp, [account.handle, call.now, account.id])
    if ((await call.run(take, [account.id, name, call.now])).length === 0) throw handleTaken()
  }

  /**
   * Gives up all handles of accounts that are being deleted: those in use for a day are never given to another account.
   */
  async giveUpAll(call: Call, accountIds: readonly string[]): Promise<void> {
    await call.run(giveUpAll, [call.now, accountIds])
  }

  /** The handle that a deleted account had until then; null if it had none, or it is free again. */
  async findFormer(call: Call, accountId: string): Promise<string | null> {
    return (await call.run<{ name: string }>(findFormer, [accountId]))[0]?.name ?? null
  }

  /** Marks handles as kept for ever, also if they are given up later. */
  async keep(call: Call, names: readonly string[]): Promise<void> {
    await call.run(keep, [names, call.now])
  }

  /** Deletes handles that were given up within the trial. */
  async releaseGivenUp(call: Call, { before, limit, keptHandles }: ReleaseRule): Promise<ReleasedHandle[]> {
    return await call.run<ReleasedHandle>(releaseGivenUp, [before, [...keptHandles], limit])
  }

  /**
   * Locks handles in use that are to be judged, and their accounts, in the caller's transaction; returns the handles.
   */
  async lockForJudgement(call: Call, { before, limit }: ReleaseRule): Promise<string[]> {
    return (await call.run<{ name: string }>(lockForJudgement, [before, limit])).map(({ name }) => name)
  }

  /** Deletes those of the locked handles whose account was never used, and keeps the others for ever. */
  async judge(call: Call, names: readonly string[], { keptHandles }: ReleaseRule): Promise<ReleasedHandle[]> {
    return await call.run<ReleasedHandle>(judge, [names, call.now, [...keptHandles]])
  }
}
