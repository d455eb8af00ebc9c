// Where handles are kept: which account each belongs to, and which become free again because nobody ever used them.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import type { Account } from './account.js'
import { Handle } from './handle.js'

const findByName = {
  name: 'idem_handle_by_name',
  text: `select account_id as "accountId" from handle where name = $1`,
}

/** Its owner may take a handle again that it gave up. Returns no row where the handle is another's. */
const take = {
  name: 'idem_handle_take',
  text: `insert into handle (name, account_id, taken_at) values ($2, $1::uuid, $3::timestamptz)
    on conflict (name) do update set given_up_at = null where handle.account_id = excluded.account_id
    returning name`,
}

/** How long a handle must have been in use to be its account's for ever, even if it is given up then. */
const trial = `interval '1 day'`

const giveUp = {
  name: 'idem_handle_give_up',
  text: `update handle set given_up_at = $2::timestamptz,
      kept_since = case when $2::timestamptz >= taken_at + ${trial} then coalesce(kept_since, $2::timestamptz) else kept_since end
    where name = $1 and account_id = $3::uuid`,
}

const keep = {
  name: 'idem_handle_keep',
  text: 'update handle set kept_since = $2::timestamptz where name = any($1::text[]) and kept_since is null',
}

/** Of handles that were given up: `kept_since` is null where that was within the trial. */
const releaseGivenUp = {
  name: 'idem_handle_release_given_up',
  text: `delete from handle where name in (
      select name from handle where kept_since is null and given_up_at < $1::timestamptz and name <> all($2::text[])
      limit $3 for update skip locked)
    returning name, account_id as "accountId"`,
}

/**
 * Of handles that are in use: those whose account is to be judged. The account is locked too, so a sign-in waits, and the
 * judgement sees every one before it.
 */
const lockForJudgement = {
  name: 'idem_handle_lock',
  text: `select h.name from handle h join account a on a.id = h.account_id
    where h.kept_since is null and h.given_up_at is null and h.taken_at < $1::timestamptz
    limit $2 for update of h, a skip locked`,
}

/**
 * True for an account that did nothing since the moment in which it was made: one identity, which it began with and
 * which is no address; no session but the first, never refreshed or stepped up; an empty profile; the handle picked on
 * the first day. Whatever else can be done with an account shows in one of these, or belongs here. A session that shows
 * a use marks the handle when it is purged (`sessions/sessions.ts`).
 */
const isUnused = `a.kind in ('ANONYMOUS', 'PERSON') and a.handle = h.name
  and a.suspended_at is null and a.merged_into_id is null
  and a.display_name is null and a.primary_email is null and a.sign_in_notices
  and h.taken_at < a.created_at + ${trial}
  and (select count(*) from identity i where i.account_id = a.id) = 1
  and exists (select 1 from identity i
    where i.account_id = a.id and i.created_at = a.created_at and i.method <> 'email')
  and not exists (select 1 from session s where s.account_id = a.id
    and (s.generation > 0 or s.started_at > a.created_at or s.authenticated_at > s.started_at
      or s.ended_at is null and s.expires_at > $2::timestamptz))`

/** Each handle is judged once: it is released, or kept for ever. */
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

/** The refusal of a handle that is another account's. */
const handleTaken = (): Failure =>
  new Failure('CONFLICT', 'This handle is taken. Pick another one.', { field: 'handle' })

/** The failures that a handle's constraints amount to, that of its account's column among them. */
export const handleRefusals = { handle_pkey: handleTaken, account_handle_unique: handleTaken }

/** The row of a handle that a new account starts with. */
export const handleRow = (name: string, { id, createdAt }: Pick<Account, 'id' | 'createdAt'>): Row =>
  rowOf(Handle, { name, account: id, takenAt: createdAt, givenUpAt: null, keptSince: null }, handleRefusals)

/** A handle that is free again, and the account that it belonged to. */
export interface ReleasedHandle {
  readonly name: string
  readonly accountId: string
}

/** Which handles may be released: those taken, or given up, before a moment; never those that are named. */
export interface ReleaseRule {
  readonly before: Date
  readonly limit: number
  readonly keptHandles: ReadonlySet<string>
}

/** The handles of the installation. */
export class Handles {
  /** The id of the account that a handle belongs to, in use or given up, or null when it is free. */
  async findOwner(call: Call, name: string): Promise<string | null> {
    const [row] = await call.run<{ accountId: string }>(findByName, [name])
    return row?.accountId ?? null
  }

  /**
   * Gives a handle to the account that the transaction has locked, in place of the one that it has; `accounts` is to say
   * so. Throws `CONFLICT` when it is, or was, another's.
   */
  async assign(call: Call, account: Account, name: string): Promise<void> {
    if (account.handle !== null) await call.run(giveUp, [account.handle, call.now, account.id])
    if ((await call.run(take, [account.id, name, call.now])).length === 0) throw handleTaken()
  }

  /** Keeps handles for ever, whoever gives them up. */
  async keep(call: Call, names: readonly string[]): Promise<void> {
    await call.run(keep, [names, call.now])
  }

  /** Removes handles that were given up on the day on which they were taken. */
  async releaseGivenUp(call: Call, { before, limit, keptHandles }: ReleaseRule): Promise<ReleasedHandle[]> {
    return await call.run<ReleasedHandle>(releaseGivenUp, [before, [...keptHandles], limit])
  }

  /** Locks handles in use that are to be judged, with their accounts, in the caller's transaction; returns their names. */
  async lockForJudgement(call: Call, { before, limit }: ReleaseRule): Promise<string[]> {
    return (await call.run<{ name: string }>(lockForJudgement, [before, limit])).map(({ name }) => name)
  }

  /** Removes those of the locked handles whose account was never used, and keeps the others for ever. */
  async judge(call: Call, names: readonly string[], { keptHandles }: ReleaseRule): Promise<ReleasedHandle[]> {
    return await call.run<ReleasedHandle>(judge, [names, call.now, [...keptHandles]])
  }
}
