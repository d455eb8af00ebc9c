// A password reset: one that waits, or what became of it.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

/**
 * The state of a reset. `WAITING`: begun by a mailed code alone. `DONE`: the password was changed. `CANCELLED`: by its
 * owner. `LAPSED`: nobody completed it in time.
 */
export type PasswordResetStatus = 'WAITING' | 'DONE' | 'CANCELLED' | 'LAPSED'

/** By what a reset was cancelled: a session of the account, or the link of a mail. */
export type ResetCanceller = 'session' | 'mail'

const PasswordResetSchema = defineEntity({
  name: 'PasswordReset',
  tableName: 'password_reset',
  uniques: [{ name: 'password_reset_waiting', properties: ['account'], where: `status = 'WAITING'` }],
  indexes: [{ name: 'password_reset_account', properties: ['account', 'endedAt'] }],
  properties: {
    id: p.uuid().primary(),
    account: () => p.manyToOne(Account).mapToPk().deleteRule('cascade'),
    status: p.text().$type<PasswordResetStatus>(),
    begunAt: p.datetime().index('password_reset_begun_at'),
    /** The user agent and network address of who began it. */
    device: p.text().strictNullable(),
    sourceAddress: p.text(),
    /** When a mailed code alone completes it; null if it never waited. */
    availableAt: p.datetime().strictNullable(),
    /** Until when it can be completed; null if it never waited. */
    lapsesAt: p.datetime().strictNullable(),
    /** When it was done or cancelled, or another one took its place. */
    endedAt: p.datetime().strictNullable(),
    cancelledBy: p.text().$type<ResetCanceller>().strictNullable(),
  },
})

/** A reset of an account's password. */
export class PasswordReset extends PasswordResetSchema.class {}
PasswordResetSchema.setClass(PasswordReset)
