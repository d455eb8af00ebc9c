// The store of accounts that are due for deletion: which they are, and how everything of their owners is removed.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import { personalParts } from './personal-parts.js'

const isDue = 'a.deletion_due_at <= $1::timestamptz and a.deleted_at is null and a.suspended_at is null'

/** A suspended account waits, because its owner cannot cancel meanwhile. */
const list = {
  name: 'idem_due_account_list',
  text: `select a.id from account a where ${isDue} order by a.deletion_due_at, a.id limit $2::int`,
}

/**
 * In the order of the ids, like every lock of several accounts. No account is merged into one that is due, so none can
 * join them meanwhile; one that an undo has just taken out is not locked, and stays.
 */
const lock = {
  name: 'idem_due_account_lock',
  text: `select a.id, a.locale, ${isDue} as "isDue" from account a where a.id = $2::uuid or a.merged_into_id = $2::uuid
    order by a.id for update`,
}

const addresses = {
  name: 'idem_due_account_addresses',
  text: `select subject as address from identity where account_id = any($1::uuid[]) and method = 'email' order by id`,
}

const endSessions = {
  name: 'idem_due_account_sessions',
  text: `with gone as (delete from session where account_id = any($1::uuid[])
      returning ended_at is null and expires_at > $2::timestamptz as is_live)
    select count(*) filter (where is_live)::int as live from gone`,
}

/** An account that is locked for its deletion. */
export interface DueAccount extends Pick<Account, 'id' | 'locale'> {
  /** Its own id, and those of the accounts that were merged into it. */
  readonly ids: readonly string[]
  /** The addresses that it has verified. */
  readonly addresses: readonly string[]
}

/** The accounts that are due for deletion. */
export class DueAccounts {
  /** The ids of at most `limit` accounts that were due before `before`, the longest due first. */
  async list(call: Call, before: Date, limit: number): Promise<string[]> {
    return (await call.run<{ id: string }>(list, [before, limit])).map(({ id }) => id)
  }

  /** Locks an account and those that were merged into it; null if it is not due any more. */
  async lock(call: Call, id: string, before: Date): Promise<DueAccount | null> {
    const rows = await call.run<Pick<Account, 'id' | 'locale'> & { readonly isDue: boolean }>(lock, [
      before,
      id,
    ])
    const own = rows.find((row) => row.id === id)
    if (own?.isDue !== true) return null
    const ids = rows.map((row) => row.id)
    const found = await call.run<{ address: string }>(addresses, [ids])
    return { id, locale: own.locale, ids, addresses: found.map(({ address }) => address) }
  }

  /** Removes everything of the account but its own row and its handles; the number of statements is always the same. */
  async remove(call: Call, account: DueAccount): Promise<{ readonly liveSessions: number }> {
    // Before the identities that opened them.
    const [ended] = await call.run<{ live: number }>(endSessions, [account.ids, call.now])
    for (const { statement, valuesOf } of personalParts) await call.run(statement, valuesOf(account))
    return { liveSessions: ended?.live ?? 0 }
  }
}
