// Where accounts are kept.
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { RowCache } from '../database/row-cache.js'
import { Failure } from '../failure.js'
import { Account, type AccountKind, firstLevelOf, suspendedFailure } from './account.js'
import { handleRefusals, handleRow } from './handles.js'

/** The columns of an account but its id, of the table under the name `a`. */
export const accountColumns = `a.kind, a.level, a.handle, a.display_name as "displayName", a.locale,
  a.primary_email as "primaryEmail", a.sign_in_notices as "signInNotices", a.suspended_at as "suspendedAt",
  a.merged_into_id as "mergedInto", a.created_at as "createdAt"`

/** The account with this id, or the one that it was merged into. */
const findById = {
  name: 'idem_account_by_id',
  text: `select a.id, ${accountColumns} from account a
    where a.id = (select coalesce(merged_into_id, id) from account where id = $1)`,
}

/** In the order of their ids, so that two who lock the same accounts never wait for each other. */
const lock = {
  name: 'idem_account_lock',
  text: `select a.id, ${accountColumns} from account a where a.id = any($1::uuid[]) order by a.id for update`,
}

/** Holds until the rows beside it are in: whoever suspends the account waits, and ends the session that they start. */
const whileOpen = {
  name: 'idem_account_while_open',
  text: `select id from account
    where id = $1::uuid and suspended_at is null and merged_into_id is null for share`,
}

/** Why it is not open. */
const whyClosed = {
  name: 'idem_account_why_closed',
  text: 'select suspended_at as "suspendedAt", merged_into_id as "mergedInto" from account where id = $1::uuid',
}

/**
 * Guests with a handle stay, for it is theirs for ever; those whose id leads to another account, or who have such ids
 * themselves; and those who can still come back with a token.
 */
const isIdleGuest = `a.kind = 'ANONYMOUS' and a.created_at < $1::timestamptz and a.merged_into_id is null
  and not exists (select 1 from account merged where merged.merged_into_id = a.id)
  and not exists (select 1 from handle h where h.account_id = a.id)
  and not exists (select 1 from session s where s.account_id = a.id
    and (s.refreshed_at >= $1::timestamptz or s.ended_at is null and s.expires_at >= $2::timestamptz))`

/** Whoever signs in meanwhile waits, then starts anew. */
const lockIdleGuests = {
  name: 'idem_account_lock_idle_guests',
  text: `select a.id from account a where ${isIdleGuest} limit $3::int for update of a skip locked`,
}

/** Looks anew, now that they are locked: whoever came back just before stays. */
const removeIdleGuests = {
  name: 'idem_account_remove_idle_guests',
  text: `with idle as (select a.id from account a where a.id = any($3::uuid[]) and ${isIdleGuest}),
      sessions as (delete from session where account_id in (select id from idle)),
      identities as (delete from identity where account_id in (select id from idle))
    delete from account where id in (select id from idle) returning id`,
}

/** A range without ends holds nothing. */
const list = {
  name: 'idem_account_list',
  text: `select a.id, ${accountColumns} from account a
    where ($1::uuid is null or a.id < $1::uuid)
      and (a.id between $2::uuid and $3::uuid or a.id = $4::uuid)
    order by a.id desc limit $5`,
}

const noSuchAccount = (): Failure => new Failure('NOT_FOUND', 'No such account.')

/** What the owner of an account says of it. */
export type AccountProfile = Pick<Account, 'displayName' | 'locale' | 'primaryEmail' | 'signInNotices'>

/** Which accounts are looked for: those with ids in a range, and one beside them; null for none. */
export interface AccountFilter {
  readonly range: { readonly from: string; readonly to: string } | null
  readonly id: string | null
}

/** A page of accounts, newest first. */
export interface AccountsPage {
  readonly accounts: readonly Account[]
  readonly hasNextPage: boolean
}

/** What the accounts that this process remembers may take, in bytes: some ten thousand of them. */
const cachedBytes = 16 * 1024 * 1024
/** An account's id is told when it is committed. */
const cachedMisses = 1_000

/** The accounts of the installation. */
export class Accounts {
  readonly #cache: RowCache<Account>

  constructor(notifications: Notifications) {
    this.#cache = new RowCache({
      table: 'account',
      notifications,
      maxBytes: cachedBytes,
      maxMisses: cachedMisses,
      idOf: ({ id }) => id,
    })
  }

  /** The account with this id, or the one that it was merged into, from this process's cache or the database; or null. */
  async find(call: Call, id: string): Promise<Account | null> {
    return await this.#cache.find(call, id, async () => (await call.run<Account>(findById, [id]))[0] ?? null)
  }

  /** The same; throws `NOT_FOUND` where there is none. */
  async get(call: Call, id: string): Promise<Account> {
    const account = await this.find(call, id)
    if (account === null) throw noSuchAccount()
    return account
  }

  /** The account, locked until the end of the transaction: changes to what it owns wait for each other. `CONFLICT` when it was merged. */
  async lock(call: Call, id: string): Promise<Account> {
    const [account] = await this.lockAll(call, [id])
    if (account === undefined) throw noSuchAccount()
    if (account.mergedInto !== null)
      throw new Failure('CONFLICT', 'This account was merged into another one.', { reason: `account ${id}` })
    return account
  }

  /** Several at once, merged or not, in the order of their ids. `NOT_FOUND` where one is not there. */
  async lockAll(call: Call, ids: readonly string[]): Promise<Account[]> {
    const accounts = await call.run<Account>(lock, [ids])
    if (accounts.length < new Set(ids).size) throw noSuchAccount()
    return accounts
  }

  /** Accounts that the filter lets through, older than the one with id `after` (null: from the newest on). */
  async list(
    call: Call,
    page: AccountFilter & { readonly first: number; readonly after: string | null },
  ): Promise<AccountsPage> {
    const { range, id, first, after } = page
    const values = [after, range?.from ?? null, range?.to ?? null, id, first + 1]
    const accounts = await call.run<Account>(list, values)
    return { accounts: accounts.slice(0, first), hasNextPage: accounts.length > first }
  }

  /** The rows of a new account: itself and, when it starts with one, its handle. */
  rows(account: Account): Row[] {
    const own = rowOf(Account, account, handleRefusals)
    return account.handle === null ? [own] : [own, handleRow(account.handle, account)]
  }

  /** Writes what lets an account in. Writes nothing, and throws `FORBIDDEN`, when it is suspended; `CONFLICT` when it is gone, or merged. */
  async writeWhileOpen(call: Call, id: string, ...parts: readonly Part[]): Promise<void> {
    const open = await call.change({ statement: whileOpen, values: [id] }, ...parts)
    if (open.length > 0) return
    const [closed] = await call.run<Pick<Account, 'suspendedAt' | 'mergedInto'>>(whyClosed, [id])
    if (closed === undefined || closed.mergedInto !== null)
      throw new Failure('CONFLICT', 'This account has just been removed.', { reason: `account ${id}` })
    throw suspendedFailure('FORBIDDEN', id)
  }

  /** Changes what the owner says of the account, in the caller's transaction. */
  async changeProfile(call: Call, id: string, profile: Partial<AccountProfile>): Promise<void> {
    if (Object.keys(profile).length > 0) await this.#change(call, id, profile)
  }

  /** Closes the account, or with null opens it, in the caller's transaction. */
  async changeSuspension(call: Call, id: string, suspendedAt: Date | null): Promise<void> {
    await this.#change(call, id, { suspendedAt })
  }

  /** Says which handle the account has now, in the caller's transaction; whose it is is said by `handles.ts`. */
  async changeHandle(call: Call, id: string, handle: string): Promise<void> {
    await this.#change(call, id, { handle })
  }

  /** Changes what an account is, and with it its level: a guest that proves an identity becomes a person. */
  async changeKind(call: Call, id: string, kind: AccountKind): Promise<void> {
    await this.#change(call, id, { kind, level: firstLevelOf(kind) })
  }

  /** Removes at most `limit` guests that were last here before `idleSince`; returns their number. Audited by `audit`. */
  async purgeGuests(
    call: Call,
    idle: { readonly since: Date; readonly limit: number },
    audit: Row,
  ): Promise<number> {
    return await call.inTransaction(async (inner) => {
      const locked = await inner.run<{ id: string }>(lockIdleGuests, [idle.since, inner.now, idle.limit])
      const ids = locked.map(({ id }) => id)
      const removed = await inner.run(removeIdleGuests, [idle.since, inner.now, ids])
      if (removed.length > 0) await inner.write(audit)
      return removed.length
    })
  }

  /** This process need not wait for the notification. */
  async #change(call: Call, id: string, changes: Partial<Account>): Promise<void> {
    await call.em.nativeUpdate(Account, { id }, changes)
    call.afterCommit(() => this.#cache.forget(id))
  }
}
