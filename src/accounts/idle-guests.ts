// The store of guests who did not return, and whose accounts are deleted.
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'

/**
 * A guest that is purged: not one with a handle, because the handle refers to it; not one that was merged, or into
 * which others were, also if that was undone, because the merge refers to it; not the row of a deleted one, which stays
 * so that its id never names anybody else; and not one that can still come back with a token.
 */
const isIdleGuest = `a.kind = 'ANONYMOUS' and a.created_at < $1::timestamptz and a.merged_into_id is null
  and a.deleted_at is null
  and not exists (select 1 from account merged where merged.merged_into_id = a.id)
  and not exists (select 1 from merge m where m.survivor_id = a.id)
  and not exists (select 1 from merge m where m.absorbed_id = a.id)
  and not exists (select 1 from handle h where h.account_id = a.id)
  and not exists (select 1 from session s where s.account_id = a.id
    and (s.refreshed_at >= $1::timestamptz or s.ended_at is null and s.expires_at >= $2::timestamptz))`

/** A sign-in of a locked guest waits for the purge, and then provisions a new account. */
const lock = {
  name: 'idem_account_lock_idle_guests',
  text: `select a.id from account a where ${isIdleGuest} limit $3::int for update of a skip locked`,
}

/** Checks the condition again under the lock, so that a guest that has just come back is kept. */
const remove = {
  name: 'idem_account_remove_idle_guests',
  text: `with idle as (select a.id from account a where a.id = any($3::uuid[]) and ${isIdleGuest}),
      sessions as (delete from session where account_id in (select id from idle)),
      identities as (delete from identity where account_id in (select id from idle))
    delete from account where id in (select id from idle) returning id`,
}

/** The guests who did not return. */
export class IdleGuests {
  /**
   * Deletes at most `limit` guests that were last active before `idle.since`; returns their number. Writes the rows
   * that `told` makes of their ids.
   */
  async purge(
    call: Call,
    idle: { readonly since: Date; readonly limit: number },
    told: (ids: readonly string[]) => readonly Row[],
  ): Promise<number> {
    return await call.inTransaction(async (inner) => {
      const locked = await inner.run<{ id: string }>(lock, [idle.since, inner.now, idle.limit])
      const ids = locked.map(({ id }) => id)
      const removed = await inner.run<{ id: string }>(remove, [idle.since, inner.now, ids])
      if (removed.length > 0) await inner.write(...told(removed.map(({ id }) => id)))
      return removed.length
    })
  }
}
