// A password reset: one that waits, or what became of it; how long it waits, and when another one may begin.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'

/**
 * The state of a reset. `WAITING`: begun by a mailed code alone. `DONE`: the password was changed. `CANCELLED`: by its
 * owner. `LAPSED`: nobody completed it in time.
 */
export type PasswordResetStatus = 'WAITING' | 'DONE' | 'CANCELLED' | 'LAPSED'

/**
 * By what a reset was cancelled: a session of the account, the link of a mail, a password that its owner set, or the
 * merge of the account into another one.
 */
export type ResetCanceller = 'session' | 'mail' | 'new_password' | 'merge'

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

/** A reset that waits. */
export interface WaitingReset extends PasswordReset {
  readonly status: 'WAITING'
  readonly availableAt: Date
  readonly lapsesAt: Date
}

/** A reset as its asker sees it: it waits, or has just been done. */
export interface AskedReset extends Pick<PasswordReset, 'id' | 'availableAt'> {
  readonly status: 'WAITING' | 'DONE'
}

/** Long enough for its owner to read the mail, or to see it in a session, also over a weekend. In hours. */
export const waitHours = 72
/** How long it can be completed after the wait, in days: then the owner has forgotten it, and a thief must begin anew. */
export const openDays = 7

/**
 * For how long no wait begins after one was cancelled, in hours. By a session: a week, because its owner can still get
 * in and another attempt is probably the thief's again. By a mail: a day, because a thief with the mailbox could
 * otherwise keep the owner out for longer.
 */
export const refusedHours = {
  session: 7 * 24,
  mail: 24,
  new_password: 0,
  merge: 0,
} as const satisfies Readonly<Record<ResetCanceller, number>>

const hourMilliseconds = 3_600_000

/** The times of a wait that begins now. */
export const waitFrom = (now: Date): Pick<WaitingReset, 'availableAt' | 'lapsesAt'> => {
  const availableAt = now.getTime() + waitHours * hourMilliseconds
  return {
    availableAt: new Date(availableAt),
    lapsesAt: new Date(availableAt + openDays * 24 * hourMilliseconds),
  }
}

/** True until a waiting reset lapses: at the very instant of `lapsesAt` it has. */
export const isOpen = ({ lapsesAt }: Pick<WaitingReset, 'lapsesAt'>, now: Date): boolean => now < lapsesAt

/** True once a mailed code alone completes it. */
export const isAvailable = (reset: Pick<WaitingReset, 'availableAt' | 'lapsesAt'>, now: Date): boolean =>
  isOpen(reset, now) && now >= reset.availableAt

/** The time from which another wait may begin after a cancelled one. */
export const nextBeginAt = ({ endedAt, cancelledBy }: PasswordReset): Date =>
  new Date((endedAt?.getTime() ?? 0) + refusedHours[cancelledBy ?? 'mail'] * hourMilliseconds)
