// Where accounts and their handles are kept.
import { LockMode } from '@mikro-orm/postgresql'
import type { Call } from '../database/call.js'
import type { Notifications } from '../database/notifications.js'
import { type Row, rowOf } from '../database/row.js'
import { RowCache } from '../database/row-cache.js'
import { Failure } from '../failure.js'
import { Account, type AccountKind } from './account.js'
import { Handle } from './handle.js'

const findById = {
  name: 'idem_account_by_id',
  text: `select id, kind, handle, created_at as "createdAt" from account where id = $1`,
}

const findHandle = {
  name: 'idem_handle_by_name',
  text: `select account_id as "accountId" from handle where name = $1`,
}

const handleTaken = (): Failure =>
  new Failure('CONFLICT', 'This handle is taken. Pick another one.', { field: 'handle' })

/** The accounts of the installation. */
export class Accounts {
  readonly #cache: RowCache<Account>

  constructor(notifications: Notifications) {
    this.#cache = new RowCache({ table: 'account', notifications })
  }

  /** The account with this id, from this process's cache or the database; throws `NOT_FOUND`. */
  async get(call: Call, id: string): Promise<Account> {
    const account = await this.#cache.find(
      id,
      async () => (await call.run<Account>(findById, [id]))[0] ?? null,
    )
    if (account === null) throw new Failure('NOT_FOUND', 'No such account.', { reason: `account ${id}` })
    return account
  }

  /** Forgets what this process has cached of an account that it has just changed: it need not wait for the notification. */
  forget(id: string): void {
    this.#cache.forget(id)
  }

  /** The account, locked until the end of the transaction: changes to what it owns wait for each other. */
  async lock(call: Call, id: string): Promise<Account> {
    const account = await call.em.findOne(Account, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE })
    if (account === null) throw new Failure('NOT_FOUND', 'No such account.', { reason: `account ${id}` })
    return account
  }

  /** The id of the account that a handle belongs to, in use or released, or null when it is free. */
  async findOwnerOfHandle(call: Call, handle: string): Promise<string | null> {
    const [row] = await call.run<{ accountId: string }>(findHandle, [handle])
    return row?.accountId ?? null
  }

  /** The rows of a new account: itself and, when it starts with one, its handle. */
  rows(account: Account): Row[] {
    const own = rowOf(Account, account, handleTaken)
    return account.handle === null
      ? [own]
      : [own, this.#handleRow(account.handle, account.id, account.createdAt)]
  }

  /** Gives a handle to the account of the transaction; throws `CONFLICT` when it is, or was, another's. */
  async changeHandle(call: Call, account: Account, handle: string): Promise<void> {
    const owner = await call.em.findOne(Handle, { name: handle })
    if (owner !== null && owner.account !== account.id) throw handleTaken()
    if (owner === null) await call.write(this.#handleRow(handle, account.id, call.now))
    await call.em.nativeUpdate(Account, { id: account.id }, { handle })
  }

  /** Changes what an account is: a guest that proves an identity becomes a person. */
  async changeKind(call: Call, id: string, kind: AccountKind): Promise<void> {
    await call.em.nativeUpdate(Account, { id }, { kind })
  }

  #handleRow(name: string, accountId: string, takenAt: Date): Row {
    return rowOf(Handle, { name, account: accountId, takenAt }, handleTaken)
  }
}
