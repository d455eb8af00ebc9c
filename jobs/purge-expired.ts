// Deletes expired data: spent challenges, ended sessions, counters, done jobs, mails, guests who did not return.
import type { Accounts } from '../src/accounts/accounts.js'
import type { AuditLog } from '../src/audit/audit-log.js'
import type { Challenges } from '../src/challenges/challenges.js'
import type { HeldChallenges } from '../src/challenges/held-challenges.js'
import type { Call } from '../src/database/call.js'
import type { Row } from '../src/database/row.js'
import type { KnownNetworks } from '../src/mail/known-networks.js'
import type { MailLines } from '../src/mail/mail-lines.js'
import type { Mails } from '../src/mail/mails.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { JobProgress } from '../src/queue/job.js'
import type { Logger } from '../src/runtime/logger.js'
import type { Metrics } from '../src/runtime/metrics.js'
import type { Sessions } from '../src/sessions/sessions.js'
import type { Throttle } from '../src/throttle/throttle.js'

/** How long expired data is kept. */
export interface KeptFor {
  readonly endedSessionDays: number
  readonly challengeHours: number
  readonly mailDays: number
  readonly knownNetworkDays: number
  readonly doneJobDays: number
  readonly idleGuestDays: number
}

/** What `purgeExpired` works with. */
export interface PurgeExpiredNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly challenges: Challenges
  readonly heldChallenges: HeldChallenges
  readonly mails: Mails
  readonly mailLines: MailLines
  readonly knownNetworks: KnownNetworks
  readonly outbox: Outbox
  readonly throttle: Throttle
  readonly auditLog: AuditLog
  readonly metrics: Metrics
  readonly logger: Logger
  readonly keptFor: KeptFor
}

/** Rows per statement, so that its locks last only for milliseconds. */
const batchSize = 1_000
const [hourMilliseconds, dayMilliseconds] = [3_600_000, 24 * 3_600_000]

/**
 * One kind of row that expires: `remove` deletes at most `limit` of them from before `before`, and returns their
 * number.
 */
interface Purge {
  readonly what: string
  readonly before: Date
  readonly remove: (call: Call, before: Date, limit: number) => Promise<number>
}

const purgedGuests = (call: Call, { auditLog, keptFor }: PurgeExpiredNeeds): Row =>
  auditLog.row(call, {
    action: 'account.purged',
    accountId: null,
    detail: { idleGuestDays: keptFor.idleGuestDays },
  })

const purgesOf = (now: Date, needs: PurgeExpiredNeeds): readonly Purge[] => {
  const ago = (milliseconds: number): Date => new Date(now.getTime() - milliseconds)
  const { endedSessionDays, challengeHours, mailDays, knownNetworkDays, doneJobDays, idleGuestDays } =
    needs.keptFor
  const challenged = ago(challengeHours * hourMilliseconds)
  return [
    { what: 'spent challenges', before: challenged, remove: (...at) => needs.challenges.purgeSpent(...at) },
    { what: 'held challenges', before: challenged, remove: (...at) => needs.heldChallenges.purge(...at) },
    { what: 'throttle counters', before: now, remove: (...at) => needs.throttle.purge(...at) },
    { what: 'mails', before: ago(mailDays * dayMilliseconds), remove: (...at) => needs.mails.purge(...at) },
    { what: 'mail lines', before: now, remove: (...at) => needs.mailLines.purge(...at) },
    {
      what: 'known networks',
      before: ago(knownNetworkDays * dayMilliseconds),
      remove: (...at) => needs.knownNetworks.purge(...at),
    },
    {
      what: 'done jobs',
      before: ago(doneJobDays * dayMilliseconds),
      remove: (...at) => needs.outbox.purge(...at),
    },
    {
      what: 'ended sessions',
      before: ago(endedSessionDays * dayMilliseconds),
      remove: (...at) => needs.sessions.purge(...at),
    },
    {
      what: 'idle guests',
      before: ago(idleGuestDays * dayMilliseconds),
      remove: (call, since, limit) =>
        needs.accounts.purgeGuests(call, { since, limit }, purgedGuests(call, needs)),
    },
  ]
}

/** Deletes all expired data in batches. It may be repeated, run concurrently and be interrupted. */
export const purgeExpired = async (
  call: Call,
  progress: (at: JobProgress) => Promise<void>,
  needs: PurgeExpiredNeeds,
): Promise<Readonly<Record<string, number>>> => {
  const purged: Record<string, number> = {}
  for (const { what, before, remove } of purgesOf(call.now, needs)) {
    let count = 0
    for (let removed = batchSize; removed === batchSize; ) {
      removed = await remove(call, before, batchSize)
      count += removed
      needs.metrics.purgedRows.inc({ what }, removed)
      if (removed < batchSize) continue
      needs.logger.info({ what, count }, 'purging')
      await progress({ done: count, of: what })
    }
    purged[what] = count
  }
  needs.logger.info({ purged }, 'purged what has run out')
  return purged
}
