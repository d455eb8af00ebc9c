// The store of merges: what is known of two accounts before, the record of each merge, and which ids lead where.
import { type Account, mostAbsorbedIds } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { passwordMethodName } from '../identities/identity.js'
import type { MergeSide } from './decide-merge.js'
import { Merge, type MergeProof } from './merge.js'

/** The method of guests, whose identities do not move. */
export const guestMethodName = 'anonymous'

const facts = {
  name: 'idem_merge_facts',
  text: `select a.id,
      (select count(*)::int from identity i where i.account_id = a.id
        and i.method not in ('${passwordMethodName}', '${guestMethodName}')) as identities,
      (select count(*)::int from device d where d.account_id = a.id) as devices,
      (select count(*)::int from handle h where h.account_id = a.id) as handles,
      exists (select 1 from identity i where i.account_id = a.id and i.method = '${passwordMethodName}') as "hasPassword",
      exists (select 1 from second_factor f where f.account_id = a.id and f.kind = 'totp'
        and f.confirmed_at is not null) as "hasTotp",
      exists (select 1 from second_factor f where f.account_id = a.id and f.kind = 'recoveryCode'
        and f.confirmed_at is not null) as "hasRecoveryCodes"
    from account a where a.id = any($1::uuid[])`,
}

/** All accounts that lead to one of `$1` by merges that were not undone. An id was absorbed at most once. */
const tree = `with recursive led (root, id, merged_at, merge_id) as (
    select m.survivor_id, m.absorbed_id, m.merged_at, m.id from merge m
      where m.survivor_id = any($1::uuid[]) and m.undone_at is null
    union all
    select l.root, m.absorbed_id, m.merged_at, m.id from merge m join led l on m.survivor_id = l.id
      where m.undone_at is null)`

const point = {
  name: 'idem_merge_point',
  text: `${tree}
    update account a set merged_into_id = led.root from led
    where a.id = led.id and a.merged_into_id is distinct from led.root returning a.id`,
}

const name = {
  name: 'idem_merge_name',
  text: `${tree}
    update account a set absorbed_ids = coalesce((
        select array_agg(newest.id order by newest.merged_at desc, newest.merge_id desc) from (
          select id, merged_at, merge_id from led where led.root = a.id
          order by merged_at desc, merge_id desc limit ${mostAbsorbedIds}) newest), '{}')
    where a.id = any($1::uuid[]) returning a.id, a.absorbed_ids as "absorbedIds"`,
}

/** The accounts that lead to one of these. Without a lock. */
const leading = {
  name: 'idem_merge_leading',
  text: 'select id from account where merged_into_id = any($1::uuid[])',
}

/** By what a session was opened. */
const opener = {
  name: 'idem_merge_opener',
  text: `select i.id as "identityId", i.method from session s join identity i on i.id = s.identity_id
    where s.id = $1::uuid`,
}

const leadsTo = {
  name: 'idem_merge_identity_leads_to',
  text: 'select 1 from identity where id = $1::uuid and account_id = $2::uuid for share',
}

const purgeRows = {
  name: 'idem_merge_purge_rows',
  text: `delete from merge_row where (merge_id, table_name, row_key) in (
      select r.merge_id, r.table_name, r.row_key from merge m join merge_row r on r.merge_id = m.id
      where m.undoable_until < $1::timestamptz limit $2 for update of r skip locked)
    returning merge_id`,
}

/** Thrown to lock again, because an account has come to lead to a locked one meanwhile. */
class Outrun extends Error {}

/** The limit of attempts to lock accounts with all that lead to them; each further one follows another merge. */
const mostLocks = 10

/** The merges of the installation. */
export class Merges {
  constructor(private readonly accounts: Accounts) {}

  /**
   * Runs `work` in a transaction with these accounts locked, and all that lead to them, whose rows a merge or an undo
   * changes too. All locks are taken in one order, of the ids, so that no two such transactions wait for each other.
   * `work` gets the accounts themselves, in the order of their ids. `NOT_FOUND` if one does not exist.
   */
  async withLocked<T>(
    call: Call,
    ids: readonly string[],
    work: (inner: Call, accounts: readonly Account[]) => Promise<T>,
  ): Promise<T> {
    for (let look = 1; ; look += 1) {
      try {
        return await call.inTransaction(async (inner) => {
          const wanted = [...new Set([...ids, ...(await this.#leading(inner, ids))])]
          const locked = await this.accounts.lockAll(inner, wanted)
          // Only who holds one of `ids` lets another account lead to it, so from here on there are no more.
          const all = await this.#leading(inner, ids)
          if (all.some((id) => !wanted.includes(id))) throw new Outrun()
          return await work(
            inner,
            locked.filter(({ id }) => ids.includes(id)),
          )
        })
      } catch (error) {
        if (!(error instanceof Outrun)) throw error
        if (look === mostLocks)
          throw new Failure('CONFLICT', 'These accounts are being merged just now. Try again.')
      }
    }
  }

  async #leading(call: Call, ids: readonly string[]): Promise<string[]> {
    return (await call.run<{ id: string }>(leading, [ids])).map(({ id }) => id)
  }

  /** The identity that opened a session; null if it was removed. */
  async findOpener(
    call: Call,
    sessionId: string,
  ): Promise<(Pick<MergeProof, 'method'> & { readonly identityId: string }) | null> {
    return (await call.run<{ identityId: string; method: string }>(opener, [sessionId]))[0] ?? null
  }

  /** True if an identity leads to an account; then it stays so until the end of the transaction. */
  async leadsTo(call: Call, identityId: string, accountId: string): Promise<boolean> {
    return (await call.run(leadsTo, [identityId, accountId])).length > 0
  }

  /** Deletes at most `limit` rows of journals of merges that could be undone until before `before`; returns their number. */
  async purgeRows(call: Call, before: Date, limit: number): Promise<number> {
    return (await call.run(purgeRows, [before, limit])).length
  }

  /** What is known of these accounts, in their order. */
  async sidesOf(call: Call, accounts: readonly Account[]): Promise<MergeSide[]> {
    const rows = await call.run<Omit<MergeSide, 'account'> & { readonly id: string }>(facts, [
      accounts.map(({ id }) => id),
    ])
    return accounts.flatMap((account) => {
      const row = rows.find(({ id }) => id === account.id)
      if (row === undefined) return []
      const { id: _, ...known } = row
      return [{ account, ...known }]
    })
  }

  /** The row of a merge. */
  row(merge: Merge): Row {
    return rowOf(Merge, merge)
  }

  /**
   * Makes every account that was merged into one of `accountIds`, directly or not, lead there, and names the newest in
   * the account. To be called with the accounts locked, after a merge was recorded or undone. Returns the named ids.
   */
  async settleAliases(
    call: Call,
    accountIds: readonly string[],
  ): Promise<readonly Pick<Account, 'id' | 'absorbedIds'>[]> {
    await call.run(point, [accountIds])
    return await call.run<Pick<Account, 'id' | 'absorbedIds'>>(name, [accountIds])
  }
}
