// When a delivery is tried again: the schedule of Standard Webhooks 1.0.0, with jitter and the receiver's own wish.
import type { Random } from '../runtime/random.js'

const minute = 60
const hour = 60 * minute

/** The waits before the second try, the third, and so on, in seconds: ten tries in three days. */
const waits = [
  5,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
] as const

/** Most tries of a delivery. */
export const mostAttempts = waits.length + 1

/** The longest wait that a receiver can ask for, in seconds: the longest of the schedule. */
const longestAsked = 24 * hour

/** The part of a wait that chance adds, so that receivers that failed together are not called together again. */
const jitter = 0.2

/** A try that failed. */
export interface FailedTry {
  /** Its number, counted from 1. */
  readonly attempt: number
  readonly at: Date
  /** The `Retry-After` of the answer (RFC 9110 10.2.3): seconds, or a date; null without one. */
  readonly retryAfter: string | null
}

/** What a receiver asks to wait, in seconds and within bounds; 0 if it asks nothing that can be read. */
const askedSeconds = ({ at, retryAfter }: FailedTry): number => {
  if (retryAfter === null) return 0
  const seconds = /^\d{1,10}$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - at.getTime()) / 1_000
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), longestAsked) : 0
}

/** When the next try is due; null if that was the last. Never earlier than the schedule says. */
export const nextAttemptAt = (failed: FailedTry, random: Random): Date | null => {
  const wait = waits[failed.attempt - 1]
  if (wait === undefined) return null
  const chance = random.bytes(4).readUInt32BE() / 2 ** 32
  const seconds = Math.max(wait * (1 + jitter * chance), askedSeconds(failed))
  return new Date(failed.at.getTime() + Math.round(seconds * 1_000))
}
