// The store of accounts.
import type { Acr } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { RowCache } from '../database/row-cache.js'
import { Failure } from '../failure.js'
import { Account, type AccountKind, firstLevelOf, suspendedFailure } from './account.js'
import { handleRefusals, handleRow } from './handles.js'

/** The columns of an account except its id, for the table alias `a`. */
export const accountColumns = `a.kind, a.level, a.handle, a.display_name as "displayName", a.locale,
  a.primary_email as "primaryEmail", a.sign_in_notices as "signInNotices", a.suspended_at as "suspendedAt",
  a.merged_into_id as "mergedInto", a.absorbed_ids as "absorbedIds", a.deletion_due_at as "deletionDueAt",
  a.deleted_at as "deletedAt", a.created_at as "createdAt"`

/** The account with this id, or the one that it was merged into; not a deleted one. */
const findById = {
  name: 'idem_account_by_id',
  text: `select a.id, ${accountColumns} from account a
    where a.id = (select coalesce(merged_into_id, id) from account where id = $1) and a.deleted_at is null`,
}

/** In the order of the ids, so that two transactions that lock the same accounts cannot deadlock. */
const lock = {
  name: 'idem_account_lock',
  text: `select a.id, ${accountColumns} from account a where a.id = any($1::uuid[]) order by a.id for update`,
}

/** The account to which this id leads, locked. Of two that merge meanwhile it may be the absorbed one. */
const lockSurvivor = {
  name: 'idem_account_lock_survivor',
  text: `${findById.text} for update of a`,
}

/**
 * Share-locks the account until the rows beside it are inserted. A suspension waits for that, and then ends the session
 * that they start. The level is compared, so that no session starts below a level that was just raised.
 */
const whileOpen = {
  name: 'idem_account_while_open',
  text: `select id, absorbed_ids as "absorbedIds" from account
    where id = $1::uuid and suspended_at is null and merged_into_id is null and deleted_at is null
      and level = $2 for share`,
}

/** The reason why an account is not open. */
const whyClosed = {
  name: 'idem_account_why_closed',
  text: `select level, suspended_at as "suspendedAt", merged_into_id as "mergedInto", deleted_at as "deletedAt"
    from account
    where id = $1::uuid`,
}

/** Every personal column. A new one is added here; a test reads all columns of a deleted account. */
const entomb = {
  name: 'idem_account_entomb',
  text: `update account set handle = null, display_name = null, locale = null, primary_email = null,
      sign_in_notices = true, level = case kind when 'ANONYMOUS' then 'aal0' else 'aal1' end,
      deletion_due_at = null, deleted_at = $2::timestamptz
    where id = any($1::uuid[])`,
}

/**
 * A range whose ends are null contains no id. An absorbed id stands for its survivor. Each branch reads an index from
 * the newest id on and stops at the limit, so that a page costs the same however many accounts there are.
 */
const list = {
  name: 'idem_account_list',
  text: `with matched as (
      (select id from account
        where merged_into_id is null and id between $2::uuid and $3::uuid and ($1::uuid is null or id < $1::uuid)
        order by id desc limit $5)
      union
      (select distinct merged_into_id from account
        where id between $2::uuid and $3::uuid and merged_into_id is not null
          and ($1::uuid is null or merged_into_id < $1::uuid)
        order by merged_into_id desc limit $5)
      union
      select coalesce(merged_into_id, id) from account where id = $4::uuid)
    select a.id, ${accountColumns} from matched join account a using (id)
    where $1::uuid is null or id < $1::uuid
    order by a.id desc limit $5`,
}

const noSuchAccount = (): Failure => new Failure('NOT_FOUND', 'No such account.')

const existing = (account: Account | null): Account => {
  if (account === null) throw noSuchAccount()
  return account
}

type ClosedAccount = Pick<Account, 'level' | 'suspendedAt' | 'mergedInto' | 'deletedAt'>

const undeleted = (account: Account): Account => {
  if (account.deletedAt !== null) throw noSuchAccount()
  return account
}

const unmerged = (account: Account): Account => {
  if (account.mergedInto !== null)
    throw new Failure('CONFLICT', 'This account was merged into another one.', {
      reason: `account ${account.id}`,
    })
  return account
}

/** The part of an account that its owner edits. */
export type AccountProfile = Pick<Account, 'displayName' | 'locale' | 'primaryEmail' | 'signInNotices'>

/**
 * A filter of accounts: those to which ids in a range lead, and the one to which this id leads. Null matches nothing.
 */
export interface AccountFilter {
  readonly range: { readonly from: string; readonly to: string } | null
  readonly id: string | null
}

/** A page of accounts, newest first. */
export interface AccountsPage {
  readonly accounts: readonly Account[]
  readonly hasNextPage: boolean
}

/** The memory for cached accounts, in bytes: about ten thousand accounts. */
const cachedBytes = 16 * 1024 * 1024
/** Missing ids may be cached, because an account's id is disclosed only after its commit. */
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
  find(call: Call, id: string): Promise<Account | null> | Account | null {
    return this.#cache.find(call, id, async () => (await call.run<Account>(findById, [id]))[0] ?? null)
  }

  /** The same; throws `NOT_FOUND` if there is none. */
  get(call: Call, id: string): Promise<Account> | Account {
    const account = this.find(call, id)
    return account instanceof Promise ? account.then(existing) : existing(account)
  }

  /**
   * The account, locked until the end of the transaction, so that changes of what it owns run one after the other.
   * `CONFLICT` if it was merged, `NOT_FOUND` if it was deleted.
   */
  async lock(call: Call, id: string): Promise<Account> {
    const [account] = await this.lockAll(call, [id])
    return unmerged(undeleted(existing(account ?? null)))
  }

  /**
   * The account to which the id leads, locked until the end of the transaction: an absorbed id leads to its survivor.
   * `NOT_FOUND` if there is none, `CONFLICT` if it is being merged just now.
   */
  async lockSurvivor(call: Call, id: string): Promise<Account> {
    const [account] = await call.run<Account>(lockSurvivor, [id])
    return unmerged(existing(account ?? null))
  }

  /** Locks several accounts, merged and deleted ones too, in the order of their ids. `NOT_FOUND` if one does not exist. */
  async lockAll(call: Call, ids: readonly string[]): Promise<Account[]> {
    const accounts = await call.run<Account>(lock, [ids])
    if (accounts.length < new Set(ids).size) throw noSuchAccount()
    return accounts
  }

  /** Unmerged accounts, deleted ones too, that match the filter, by an absorbed id too, and are older than the one with id `after` (null: from the newest one on). */
  async list(
    call: Call,
    page: AccountFilter & { readonly first: number; readonly after: string | null },
  ): Promise<AccountsPage> {
    const { range, id, first, after } = page
    const values = [after, range?.from ?? null, range?.to ?? null, id, first + 1]
    const accounts = await call.run<Account>(list, values)
    return { accounts: accounts.slice(0, first), hasNextPage: accounts.length > first }
  }

  /** The rows of a new account: the account, and its handle if it starts with one. */
  rows(account: Account): Row[] {
    const own = rowOf(Account, account, handleRefusals)
    return account.handle === null ? [own] : [own, handleRow(account.handle, account)]
  }

  /**
   * Writes what opens a session of the account; returns the ids that it has absorbed by then, for the tokens. Writes nothing and throws `FORBIDDEN` if the account is suspended,
   * `CONFLICT` if it was removed or merged, or its level is another than the given one by now.
   */
  async writeWhileOpen(
    call: Call,
    { id, level }: Pick<Account, 'id' | 'level'>,
    ...parts: readonly Part[]
  ): Promise<Pick<Account, 'absorbedIds'>> {
    const change = { statement: whileOpen, values: [id, level] }
    const [open] = await call.change<Pick<Account, 'absorbedIds'>>(change, ...parts)
    if (open !== undefined) return open
    const [closed] = await call.run<ClosedAccount>(whyClosed, [id])
    if (closed === undefined || closed.mergedInto !== null || closed.deletedAt !== null)
      throw new Failure('CONFLICT', 'This account has just been removed.', { reason: `account ${id}` })
    if (closed.suspendedAt !== null) throw suspendedFailure('FORBIDDEN', id)
    throw new Failure('CONFLICT', 'This account has just been changed. Try again.', {
      reason: `account ${id} was of level ${level}, now it is of ${closed.level}`,
    })
  }

  /** Sets when the account will be deleted, or with null that it will not, in the caller's transaction. */
  async changeDeletion(call: Call, id: string, deletionDueAt: Date | null): Promise<void> {
    await this.#change(call, id, { deletionDueAt })
  }

  /**
   * Leaves of accounts, which the transaction has locked, only that they were here: nobody finds them any more, and what
   * their owner said of them is gone.
   */
  async entomb(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(entomb, [ids, call.now])
    call.afterCommit(() => {
      for (const id of ids) this.#cache.forget(id)
    })
  }

  /** Changes the account's profile, in the caller's transaction. */
  async changeProfile(call: Call, id: string, profile: Partial<AccountProfile>): Promise<void> {
    if (Object.keys(profile).length > 0) await this.#change(call, id, profile)
  }

  /** Suspends the account, or reinstates it with null, in the caller's transaction. */
  async changeSuspension(call: Call, id: string, suspendedAt: Date | null): Promise<void> {
    await this.#change(call, id, { suspendedAt })
  }

  /**
   * Sets the account's current handle, in the caller's transaction. `handles.ts` stores to which account a handle
   * belongs.
   */
  async changeHandle(call: Call, id: string, handle: string): Promise<void> {
    await this.#change(call, id, { handle })
  }

  /** Changes the kind of an account, and its level with it: a guest that proves an identity becomes a person. */
  async changeKind(call: Call, id: string, kind: AccountKind): Promise<void> {
    await this.#change(call, id, { kind, level: firstLevelOf(kind) })
  }

  /** Changes the level, in the caller's transaction. `second-factors/settle-level.ts` computes it. */
  async changeLevel(call: Call, id: string, level: Acr): Promise<void> {
    await this.#change(call, id, { level })
  }

  /**
   * Sets the columns that a merge or its undo changes, in the caller's transaction; none if only what leads to the
   * account has changed.
   */
  async changeByMerge(
    call: Call,
    id: string,
    columns: Partial<Pick<Account, 'kind' | 'handle' | 'mergedInto'> & AccountProfile>,
  ): Promise<void> {
    if (Object.keys(columns).length > 0) await this.#change(call, id, columns)
    else call.afterCommit(() => this.#cache.forget(id))
  }

  /** Forgets the cached row at the commit, without waiting for the notification. */
  async #change(call: Call, id: string, changes: Partial<Account>): Promise<void> {
    await call.em.nativeUpdate(Account, { id }, changes)
    call.afterCommit(() => this.#cache.forget(id))
  }
}
