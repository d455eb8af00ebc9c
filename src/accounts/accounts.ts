// Where accounts and their handles are kept.
import { LockMode } from '@mikro-orm/postgresql'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { RowCache } from '../database/row-cache.js'
import { Failure } from '../failure.js'
import { Account, type AccountKind, firstLevelOf, suspendedFailure } from './account.js'
import { Handle } from './handle.js'

/** The columns of an account but its id, of the table under the name `a`. */
export const accountColumns = `a.kind, a.level, a.handle, a.display_name as "displayName", a.locale,
  a.primary_email as "primaryEmail", a.sign_in_notices as "signInNotices", a.suspended_at as "suspendedAt",
  a.merged_into_id as "mergedInto", a.created_at as "createdAt"`

const findById = {
  name: 'idem_account_by_id',
  text: `select a.id, ${accountColumns} from account a where a.id = $1`,
}

/** Holds until the rows beside it are in: whoever suspends the account waits, and ends the session that they start. */
const whileOpen = {
  name: 'idem_account_while_open',
  text: 'select id from account where id = $1::uuid and suspended_at is null for share',
}

/** Guests with a handle stay, for it is theirs for ever; and those who can still come back with a token. */
const isIdleGuest = `a.kind = 'ANONYMOUS' and a.created_at < ?::timestamptz
  and not exists (select 1 from handle h where h.account_id = a.id)
  and not exists (select 1 from session s where s.account_id = a.id
    and (s.refreshed_at >= ?::timestamptz or s.ended_at is null and s.expires_at >= ?::timestamptz))`

/** Whoever signs in meanwhile waits, then starts anew. */
const lockIdleGuests = `select a.id from account a where ${isIdleGuest} limit ? for update of a skip locked`

/** Looks anew, now that they are locked: whoever came back just before stays. */
const removeIdleGuests = `with idle as (select a.id from account a where a.id = any(?::uuid[]) and ${isIdleGuest}),
    sessions as (delete from session where account_id in (select id from idle)),
    identities as (delete from identity where account_id in (select id from idle))
  delete from account where id in (select id from idle) returning id`

const findHandle = {
  name: 'idem_handle_by_name',
  text: `select account_id as "accountId" from handle where name = $1`,
}

/** A range without ends holds nothing. */
const list = {
  name: 'idem_account_list',
  text: `select a.id, ${accountColumns} from account a
    where ($1::uuid is null or a.id < $1::uuid)
      and (a.id between $2::uuid and $3::uuid or a.id = $4::uuid)
    order by a.id desc limit $5`,
}

const handleTaken = (): Failure =>
  new Failure('CONFLICT', 'This handle is taken. Pick another one.', { field: 'handle' })

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

/** The accounts of the installation. */
export class Accounts {
  readonly #cache: RowCache<Account>

  constructor(notifications: Notifications) {
    this.#cache = new RowCache({ table: 'account', notifications })
  }

  /** The account with this id, from this process's cache or the database, or null. */
  async find(call: Call, id: string): Promise<Account | null> {
    return await this.#cache.find(id, async () => (await call.run<Account>(findById, [id]))[0] ?? null)
  }

  /** The same; throws `NOT_FOUND` where there is none. */
  async get(call: Call, id: string): Promise<Account> {
    const account = await this.find(call, id)
    if (account === null) throw new Failure('NOT_FOUND', 'No such account.')
    return account
  }

  /** Forgets what this process has cached of an account that it has just changed: it need not wait for the notification. */
  forget(id: string): void {
    this.#cache.forget(id)
  }

  /** The account, locked until the end of the transaction: changes to what it owns wait for each other. */
  async lock(call: Call, id: string): Promise<Account> {
    const account = await call.em.findOne(Account, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (account === null) throw new Failure('NOT_FOUND', 'No such account.')
    return account
  }

  /** The id of the account that a handle belongs to, in use or released, or null when it is free. */
  async findOwnerOfHandle(call: Call, handle: string): Promise<string | null> {
    const [row] = await call.run<{ accountId: string }>(findHandle, [handle])
    return row?.accountId ?? null
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
    const own = rowOf(Account, account, { account_handle_unique: handleTaken })
    return account.handle === null
      ? [own]
      : [own, this.#handleRow(account.handle, account.id, account.createdAt)]
  }

  /** Writes what lets an account in. Writes nothing, and throws `FORBIDDEN`, when it is suspended; `CONFLICT` when it is gone. */
  async writeWhileOpen(call: Call, id: string, ...parts: readonly Part[]): Promise<void> {
    const open = await call.change({ statement: whileOpen, values: [id] }, ...parts)
    if (open.length > 0) return
    if ((await call.run<Account>(findById, [id])).length === 0)
      throw new Failure('CONFLICT', 'This account has just been removed.', { reason: `account ${id}` })
    throw suspendedFailure('FORBIDDEN', id)
  }

  /** Changes what the owner says of the account, in the caller's transaction. */
  async changeProfile(call: Call, id: string, profile: Partial<AccountProfile>): Promise<void> {
    if (Object.keys(profile).length > 0) await call.em.nativeUpdate(Account, { id }, profile)
  }

  /** Closes the account, or with null opens it, in the caller's transaction. */
  async changeSuspension(call: Call, id: string, suspendedAt: Date | null): Promise<void> {
    await call.em.nativeUpdate(Account, { id }, { suspendedAt })
  }

  /** Gives a handle to the account of the transaction; throws `CONFLICT` when it is, or was, another's. */
  async changeHandle(call: Call, account: Account, handle: string): Promise<void> {
    const owner = await call.em.findOne(Handle, { name: handle })
    if (owner !== null && owner.account !== account.id) throw handleTaken()
    if (owner === null) await call.write(this.#handleRow(handle, account.id, call.now))
    await call.em.nativeUpdate(Account, { id: account.id }, { handle })
  }

  /** Changes what an account is, and with it its level: a guest that proves an identity becomes a person. */
  async changeKind(call: Call, id: string, kind: AccountKind): Promise<void> {
    await call.em.nativeUpdate(Account, { id }, { kind, level: firstLevelOf(kind) })
  }

  /** Removes at most `limit` guests that were last here before `idleSince`; returns their number. Audited by `audit`. */
  async purgeGuests(
    call: Call,
    idle: { readonly since: Date; readonly limit: number },
    audit: Row,
  ): Promise<number> {
    const [since, now] = [idle.since.toISOString(), call.now.toISOString()]
    return await call.inTransaction(async (inner) => {
      const locked: { id: string }[] = await inner.em.execute(lockIdleGuests, [since, since, now, idle.limit])
      // PostgreSQL's way to write an array; an array of ours would become a list.
      const ids = `{${locked.map(({ id }) => id).join(',')}}`
      const removed: { id: string }[] = await inner.em.execute(removeIdleGuests, [ids, since, since, now])
      if (removed.length > 0) await inner.write(audit)
      return removed.length
    })
  }

  #handleRow(name: string, accountId: string, takenAt: Date): Row {
    return rowOf(Handle, { name, account: accountId, takenAt }, { handle_pkey: handleTaken })
  }
}
