// The store of sessions.

import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import type { Change, Part } from '../database/change.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { RowCache } from '../database/row-cache.js'
import { Failure } from '../failure.js'
import type { Pace } from '../throttle/pace.js'
import { type IssuableSession, isLive, Session } from './session.js'
import type { sessionSettings } from './settings.js'

const columns = `id, account_id as account, identity_id as identity, device, amr, acr, scope,
  authenticated_at as "authenticatedAt", started_at as "startedAt", expires_at as "expiresAt", generation,
  refreshed_at as "refreshedAt", refreshes_paced_until as "refreshesPacedUntil", ended_at as "endedAt"`

const findById = { name: 'idem_session_by_id', text: `select ${columns} from session where id = $1` }

/**
 * With the ids that the account has absorbed, as they were when the statement began. The tokens of a merge that commits
 * while it runs are those before the merge; the next refresh names its ids.
 */
const issuableColumns = `${columns},
  (select a.absorbed_ids from account a where a.id = session.account_id) as "absorbedIds"`

const findIssuable = {
  name: 'idem_session_issuable_by_id',
  text: `select ${issuableColumns} from session where id = $1`,
}

const lock = { name: 'idem_session_lock', text: `${findById.text} for update` }

const rebind = {
  name: 'idem_session_rebind',
  text: 'update session set identity_id = $2::uuid where id = $1::uuid returning id',
}

/** Levels are compared as texts, as in `raise`. */
const carryOver = {
  name: 'idem_session_carry_over',
  text: `update session set account_id = $2::uuid, acr = greatest(acr, $3::text),
      amr = (select array_agg(distinct value order by value) from unnest(amr || $4::text[]) as value)
    where id = $1::uuid and ended_at is null returning id`,
}

const rebindOrphan = {
  name: 'idem_session_rebind_orphan',
  text: 'update session set identity_id = $2::uuid where id = $1::uuid and identity_id is null returning id',
}

/** The limit of refreshes is a condition of the same update. `greatest` ignores nulls. */
const advance = {
  name: 'idem_session_advance',
  text: `update session set generation = generation + 1, refreshed_at = $3::timestamptz,
      refreshes_paced_until =
        greatest(refreshes_paced_until, $3::timestamptz) + $6::float8 * interval '1 millisecond'
    where id = $1::uuid and generation = $2::int and ended_at is null
      and expires_at > $3::timestamptz and refreshed_at > $4::timestamptz
      and (refreshes_paced_until is null or refreshes_paced_until <= $5::timestamptz)
    returning ${issuableColumns}`,
}

/**
 * The levels are named so that comparing them as texts gives their order. Share-locks the account first, because whoever
 * changes what the account owns has locked it before the sessions and identities that a step-up changes.
 */
const raise = {
  name: 'idem_session_raise',
  text: `update session set authenticated_at = $2::timestamptz, amr = $3::text[], acr = $4::text
    from (select a.id as owner_id, a.absorbed_ids from account a
      where a.id = (select account_id from session where id = $1::uuid) for share) owner
    where id = $1::uuid and account_id = owner_id and ended_at is null and expires_at > $2::timestamptz
      and acr <= $4::text
      and ($5::uuid is null
        or exists (select 1 from identity where id = $5::uuid and account_id = session.account_id))
    returning ${columns}, absorbed_ids as "absorbedIds"`,
}

/** Ends the live sessions of an account that satisfy all given conditions; a null parameter is no condition. */
const end = {
  name: 'idem_session_end',
  text: `update session set ended_at = $2::timestamptz
    where account_id = $1::uuid and ended_at is null and expires_at > $2::timestamptz
      and ($3::uuid is null or id = $3::uuid)
      and ($4::uuid is null or id <> $4::uuid)
      and ($5::uuid[] is null or identity_id = any($5::uuid[]))
    returning ${columns}`,
}

/**
 * Ends the live sessions of an account beyond the newest `$3`. Ids order sessions with the same expiry. `exists` comes
 * first, because a plan that was made while the table was small reads all of it for the update.
 */
const endSurplus = {
  name: 'idem_session_end_surplus',
  text: `with surplus as materialized (
      select id from session
      where account_id = $1::uuid and ended_at is null and expires_at > $2::timestamptz
      order by expires_at desc, id desc offset $3::int)
    update session set ended_at = $2::timestamptz
    where exists (select from surplus) and ended_at is null and id in (select id from surplus)
    returning id`,
}

/**
 * Keeps the last session of a guest, because it tells when the guest was last active. If a purged session shows that
 * the account was used after it was created, marks its handle as kept for ever (`accounts/handles.ts`), because nothing
 * else may show that use later. Handles are locked in order, so that two purges cannot deadlock.
 */
const purge = {
  name: 'idem_session_purge',
  text: `with gone as (delete from session where id in (
      select s.id from session s join account a on a.id = s.account_id
      where s.expires_at < $1::timestamptz and (a.kind <> 'ANONYMOUS'
        or exists (select 1 from session later where later.account_id = s.account_id and later.id > s.id))
      limit $2 for update of s skip locked)
    returning id, account_id, generation, started_at, authenticated_at),
  used as (select a.id from gone g join account a on a.id = g.account_id
    where g.generation > 0 or g.started_at > a.created_at or g.authenticated_at > g.started_at),
  unsettled as (select name from handle
    where account_id in (select id from used) and kept_since is null and given_up_at is null
    order by name for update),
  kept as (update handle set kept_since = $3::timestamptz where name in (select name from unsettled))
  select id from gone`,
}

const list = {
  name: 'idem_session_list',
  text: `select ${columns} from session where account_id = $1::uuid and ended_at is null
    and expires_at > $2::timestamptz order by id desc limit $3::int`,
}

const gone = (what: string): Failure =>
  new Failure('CONFLICT', 'This identity has just been removed.', { reason: `${what} is gone` })

/** A selection of an account's live sessions; without conditions all of them. */
export interface AccountSessions {
  readonly accountId: string
  /** Only this one. */
  readonly id?: string
  /** All except this one. */
  readonly except?: string
  /** Those that were opened by one of these identities. */
  readonly openedBy?: readonly string[]
}

/** The memory for cached sessions, in bytes: about ten thousand sessions. */
const cachedBytes = 16 * 1024 * 1024
/**
 * Missing ids may be cached, because a session's id is disclosed only after its commit; an ended session never becomes
 * live again.
 */
const cachedMisses = 10_000

/** The sessions of the installation. */
export class Sessions {
  readonly #cache: RowCache<Session>

  constructor(
    notifications: Notifications,
    private readonly settings: Pick<ValuesOf<typeof sessionSettings>, 'maxPerAccount'>,
  ) {
    this.#cache = new RowCache({
      table: 'session',
      notifications,
      maxBytes: cachedBytes,
      maxMisses: cachedMisses,
    })
  }

  /** The live session with this id, from the cache or the database; otherwise null. A cached one costs no statement. */
  findLive(call: Call, id: string): Promise<Session | null> | Session | null {
    const live = (session: Session | null) => (session !== null && isLive(session, call.now) ? session : null)
    const found = this.#cache.find(call, id, async () => live(await this.read(call, id)))
    return found instanceof Promise ? found.then(live) : live(found)
  }

  /** The session with this id as stored in the database, or null. */
  async read(call: Call, id: string): Promise<Session | null> {
    return (await call.run<Session>(findById, [id]))[0] ?? null
  }

  /** The same, with what its tokens say. */
  async readIssuable(call: Call, id: string): Promise<IssuableSession | null> {
    return (await call.run<IssuableSession>(findIssuable, [id]))[0] ?? null
  }

  /** The newest live sessions of an account, newest first. */
  async listOf(call: Call, accountId: string): Promise<Session[]> {
    return await call.run<Session>(list, [accountId, call.now, this.settings.maxPerAccount])
  }

  /**
   * Throws `UNAUTHENTICATED` unless the session is live; locks it, so that it stays live until the end of the
   * transaction.
   */
  async lockLive(call: Call, id: string): Promise<void> {
    const [session] = await call.run<Session>(lock, [id])
    if (session === undefined || !isLive(session, call.now))
      throw new Failure('UNAUTHENTICATED', 'The session is over. Sign in again.', { reason: `session ${id}` })
  }

  /** True if the account has had an earlier session on a device of this name. */
  async isKnownDevice(call: Call, session: Session): Promise<boolean> {
    const { id, account, device } = session
    return (await call.em.count(Session, { account, device, id: { $lt: id } })) > 0
  }

  /** The row of a new session. `CONFLICT` if its account or identity has just been removed. */
  row(session: Session): Row {
    return rowOf(Session, session, {
      session_account_id_foreign: () => gone(`account ${session.account}`),
      session_identity_id_foreign: () => gone(`identity ${session.identity}`),
    })
  }

  /** Ends as many of the oldest live sessions as the account would have too many after one more is inserted. */
  endSurplus(call: Call, accountId: string): Change {
    return { statement: endSurplus, values: [accountId, call.now, this.settings.maxPerAccount - 1] }
  }

  /**
   * Advances a session to its next generation, if `generation` is the current one, was made after `madeAfter`, and the
   * pace allows a refresh.
   */
  async advance(
    call: Call,
    current: {
      readonly id: string
      readonly generation: number
      readonly madeAfter: Date
      readonly pace: Pace
    },
    ...parts: readonly Part[]
  ): Promise<IssuableSession | null> {
    const { id, generation, madeAfter, pace } = current
    const values = [id, generation, call.now, madeAfter, pace.latest(call.now), pace.shareMilliseconds]
    return (await call.change<IssuableSession>({ statement: advance, values }, ...parts))[0] ?? null
  }

  /**
   * Records a new proof by the owner of a live session, if it is at least as strong as the last one and its identity
   * still belongs to the account; `identityId` is null for a second factor. Null if nothing was recorded.
   */
  async raise(
    call: Call,
    proof: Pick<Session, 'id' | 'amr' | 'acr'> & { readonly identityId: string | null },
    ...parts: readonly Part[]
  ): Promise<IssuableSession | null> {
    const values = [proof.id, call.now, proof.amr, proof.acr, proof.identityId]
    return (await call.change<IssuableSession>({ statement: raise, values }, ...parts))[0] ?? null
  }

  /** Ends live sessions of an account and returns them; writes `parts` with it if there was at least one. */
  async end(call: Call, ended: AccountSessions, ...parts: readonly Part[]): Promise<Session[]> {
    const { accountId, id = null, except = null, openedBy = null } = ended
    const values = [accountId, call.now, id, except, openedBy]
    const sessions = await call.change<Session>({ statement: end, values }, ...parts)
    this.#forget(call, ...sessions.map((session) => session.id))
    return sessions
  }

  /** Sets the identity of a session. */
  async rebind(call: Call, id: string, identityId: string): Promise<void> {
    await call.run(rebind, [id, identityId])
    this.#forget(call, id)
  }

  /**
   * Carries a session over to the account into which its own is merged, with the strength of the proofs for that account
   * too. Its access tokens no longer hold, because they name the former account; a refresh gives new ones.
   */
  async carryOver(
    call: Call,
    { id, account, acr, amr }: Pick<Session, 'id' | 'account' | 'acr'> & { readonly amr: readonly string[] },
  ): Promise<void> {
    await call.run(carryOver, [id, account, acr, amr])
    this.#forget(call, id)
  }

  /** Sets the identity of a session whose own was removed, so that the session ends with an identity of its account. */
  async rebindOrphan(call: Call, id: string, identityId: string): Promise<void> {
    await call.run(rebindOrphan, [id, identityId])
    this.#forget(call, id)
  }

  /** Deletes at most `limit` sessions that expired before `expiredBefore`; returns their number. */
  async purge(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [expiredBefore, limit, call.now])).length
  }

  /** Forgets the cached row at the commit, without waiting for the notification. */
  #forget(call: Call, ...ids: readonly string[]): void {
    call.afterCommit(() => {
      for (const id of ids) this.#cache.forget(id)
    })
  }
}
