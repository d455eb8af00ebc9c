// The store of merges: what is known of two accounts before, the record of each merge, and which ids lead where.
import { type Account, mostAbsorbedIds } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { passwordMethodName } from '../identities/identity.js'
import type { MergeSide } from './decide-merge.js'
import { Merge } from './merge.js'

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
    where a.id = any($1::uuid[]) returning a.id`,
}

/** The merges of the installation. */
export class Merges {
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
   * the account. To be called with the accounts locked, after a merge was recorded or undone.
   */
  async settleAliases(call: Call, accountIds: readonly string[]): Promise<void> {
    await call.run(point, [accountIds])
    await call.run(name, [accountIds])
  }
}
