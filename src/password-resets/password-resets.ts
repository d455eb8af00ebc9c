// The store of password resets. Who begins or completes one holds the lock of its account.
import type { Call } from '../database/call.js'
import type { Change, Part } from '../database/change.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { isOpen, PasswordReset, type ResetCanceller, type WaitingReset } from './password-reset.js'

const columns = `id, account_id as account, status, begun_at as "begunAt", device,
  source_address as "sourceAddress", available_at as "availableAt", lapses_at as "lapsesAt",
  ended_at as "endedAt", cancelled_by as "cancelledBy"`

const findById = {
  name: 'idem_reset_by_id',
  text: `select ${columns} from password_reset where id = $1::uuid`,
}

const findWaiting = {
  name: 'idem_reset_waiting',
  text: `select ${columns} from password_reset where account_id = $1::uuid and status = 'WAITING'`,
}

const findCancelled = {
  name: 'idem_reset_cancelled',
  text: `select ${columns} from password_reset where account_id = $1::uuid and status = 'CANCELLED'
    order by ended_at desc limit 1`,
}

const finish = {
  name: 'idem_reset_finish',
  text: `update password_reset set status = 'DONE', ended_at = $2::timestamptz
    where id = $1::uuid and status = 'WAITING' and lapses_at > $2::timestamptz returning id`,
}

const lapse = {
  name: 'idem_reset_lapse',
  text: `update password_reset set status = 'LAPSED', ended_at = lapses_at
    where account_id = $1::uuid and status = 'WAITING' and lapses_at <= $2::timestamptz returning id`,
}

/** By its id, or by its account; a null parameter is no condition. */
const cancel = {
  name: 'idem_reset_cancel',
  text: `update password_reset set status = 'CANCELLED', ended_at = $3::timestamptz, cancelled_by = $4
    where status = 'WAITING' and lapses_at > $3::timestamptz
      and ($1::uuid is null or id = $1::uuid) and ($2::uuid is null or account_id = $2::uuid)
    returning ${columns}`,
}

const purge = {
  name: 'idem_reset_purge',
  text: `delete from password_reset where id in (
      select id from password_reset where begun_at < $1::timestamptz limit $2 for update skip locked) returning id`,
}

/** Which reset is cancelled, and by what. */
export type CancelledReset = { readonly by: ResetCanceller } & (
  | { readonly id: string; readonly accountId: string | null }
  | { readonly id: null; readonly accountId: string }
)

/** The password resets of the installation. */
export class PasswordResets {
  /** The reset with this id, or null. */
  async find(call: Call, id: string): Promise<PasswordReset | null> {
    return (await call.run<PasswordReset>(findById, [id]))[0] ?? null
  }

  /** The reset of an account that waits, or has lapsed without another in its place; null if there is none. */
  async findWaiting(call: Call, accountId: string): Promise<WaitingReset | null> {
    return (await call.run<WaitingReset>(findWaiting, [accountId]))[0] ?? null
  }

  /** The reset of an account that waits and can still be completed or cancelled; null if there is none. */
  async findOpen(call: Call, accountId: string): Promise<WaitingReset | null> {
    const waiting = await this.findWaiting(call, accountId)
    return waiting !== null && isOpen(waiting, call.now) ? waiting : null
  }

  /** The reset of an account that was cancelled last; null if none was. */
  async findCancelled(call: Call, accountId: string): Promise<PasswordReset | null> {
    return (await call.run<PasswordReset>(findCancelled, [accountId]))[0] ?? null
  }

  /** The row of a reset. `CONFLICT` if another one of the account waits. */
  row(reset: PasswordReset): Row {
    return rowOf(PasswordReset, reset, {
      password_reset_waiting: () => new Failure('CONFLICT', 'Another reset of this password waits already.'),
    })
  }

  /** Completes a waiting reset. `CONFLICT` if it was cancelled, was completed or has lapsed meanwhile. */
  completion(call: Call, id: string): Change {
    return {
      statement: finish,
      values: [id, call.now],
      otherwise: () => new Failure('CONFLICT', 'This reset was cancelled or completed meanwhile.'),
    }
  }

  /** Marks a reset of an account that nobody completed in time, so that another may begin; false if there is none. */
  async lapse(call: Call, accountId: string): Promise<boolean> {
    return (await call.run(lapse, [accountId, call.now])).length > 0
  }

  /** Cancels a waiting reset and writes `parts` with it; null, and nothing is written, if there is none. */
  async cancel(
    call: Call,
    { id, accountId, by }: CancelledReset,
    ...parts: readonly Part[]
  ): Promise<PasswordReset | null> {
    const values = [id, accountId, call.now, by]
    return (await call.change<PasswordReset>({ statement: cancel, values }, ...parts))[0] ?? null
  }

  /** Deletes at most `limit` resets that began before `begunBefore`; returns their number. */
  async purge(call: Call, begunBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [begunBefore, limit])).length
  }
}
