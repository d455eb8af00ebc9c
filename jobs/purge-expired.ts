// Deletes expired data: accounts that are due, spent challenges, ended sessions, counters, done jobs, mails, guests who did not return.
import { type DeleteDueAccountsNeeds, deleteDueAccounts } from '../src/account-data/delete-due-accounts.js'
import type { Handles } from '../src/accounts/handles.js'
import type { IdleGuests } from '../src/accounts/idle-guests.js'
import { releaseHandles } from '../src/accounts/release-handles.js'
import type { AuditKind } from '../src/audit/audit-entry.js'
import type { AuditLog } from '../src/audit/audit-log.js'
import type { Challenges } from '../src/challenges/challenges.js'
import type { HeldChallenges } from '../src/challenges/held-challenges.js'
import type { Call } from '../src/database/call.js'
import type { Row } from '../src/database/row.js'
import type { KnownNetworks } from '../src/mail/known-networks.js'
import type { MailLines } from '../src/mail/mail-lines.js'
import type { Mails } from '../src/mail/mails.js'
import type { Merges } from '../src/merge/merges.js'
import type { Outbox } from '../src/outbox/outbox.js'
import type { PasswordResets } from '../src/password-resets/password-resets.js'
import type { JobProgress } from '../src/queue/job.js'
import type { Logger } from '../src/runtime/logger.js'
import type { Metrics } from '../src/runtime/metrics.js'
import type { SecondFactors } from '../src/second-factors/second-factors.js'
import type { Sessions } from '../src/sessions/sessions.js'
import type { Throttle } from '../src/throttle/throttle.js'
import type { WebhookEvents } from '../src/webhooks/webhook-events.js'

/** How long expired data is kept. */
export interface KeptFor {
  readonly endedSessionDays: number
  readonly challengeHours: number
  readonly mailDays: number
  readonly knownNetworkDays: number
  readonly doneJobDays: number
  readonly webhookDays: number
  readonly idleGuestDays: number
  readonly handleQuarantineDays: number
  readonly auditDays: Readonly<Record<AuditKind, number>>
}

/** What `purgeExpired` works with. */
export interface PurgeExpiredNeeds extends DeleteDueAccountsNeeds {
  readonly idleGuests: IdleGuests
  readonly handles: Handles
  readonly sessions: Sessions
  readonly challenges: Challenges
  readonly heldChallenges: HeldChallenges
  readonly secondFactors: SecondFactors
  readonly mails: Mails
  readonly mailLines: MailLines
  readonly knownNetworks: KnownNetworks
  readonly outbox: Outbox
  readonly passwordResets: PasswordResets
  readonly webhookEvents: WebhookEvents
  readonly merges: Merges
  readonly throttle: Throttle
  readonly auditLog: AuditLog
  readonly metrics: Metrics
  readonly logger: Logger
  readonly keptFor: KeptFor
  /** Handles that never become free: those of operators. */
  readonly keptHandles: ReadonlySet<string>
}

/** Longer than a reset waits, is open and keeps another from beginning: the page of its link still knows it. In days. */
const resetDays = 90

/** Rows per statement, so that its locks last only for milliseconds. */
const batchSize = 1_000
const dayMilliseconds = 24 * 3_600_000

/**
 * One kind of row that expires, and for how long it is kept after that: `remove` deletes at most `limit` of them from
 * before `before`, and returns their number.
 */
interface Purge {
  readonly what: string
  readonly keptMilliseconds: number
  readonly remove: (call: Call, before: Date, limit: number) => Promise<number>
}

/** What is kept for so many days. */
const keptDays = (what: string, days: number, remove: Purge['remove']): Purge => ({
  what,
  keptMilliseconds: days * dayMilliseconds,
  remove,
})

/** One entry for all of them, and for each the event of a deleted account. */
const purgedGuests = (
  call: Call,
  ids: readonly string[],
  { auditLog, webhookEvents, keptFor }: PurgeExpiredNeeds,
): readonly Row[] => [
  auditLog.row(call, {
    action: 'account.purged',
    accountId: null,
    detail: { idleGuestDays: keptFor.idleGuestDays },
  }),
  ...webhookEvents.deletedRows(call, ids),
]

const auditPurges = ({ auditLog, keptFor }: PurgeExpiredNeeds): readonly Purge[] =>
  (['routine', 'access', 'change'] as const).map((kind) =>
    keptDays(`${kind} audit entries`, keptFor.auditDays[kind], (call, before, limit) =>
      auditLog.purge(call, kind, { before, limit }),
    ),
  )

const purgesOf = (needs: PurgeExpiredNeeds): readonly Purge[] => {
  const { keptFor } = needs
  const challengeDays = keptFor.challengeHours / 24
  return [
    keptDays('accounts that were due', 0, (call, before, limit) =>
      deleteDueAccounts(call, { before, limit }, needs),
    ),
    keptDays('spent challenges', challengeDays, (...at) => needs.challenges.purgeSpent(...at)),
    keptDays('held challenges', challengeDays, (...at) => needs.heldChallenges.purge(...at)),
    keptDays('unconfirmed second factors', 0, (...at) => needs.secondFactors.purge(...at)),
    keptDays('throttle counters', 0, (...at) => needs.throttle.purge(...at)),
    keptDays('mails', keptFor.mailDays, (...at) => needs.mails.purge(...at)),
    keptDays('mail lines', 0, (...at) => needs.mailLines.purge(...at)),
    keptDays('known networks', keptFor.knownNetworkDays, (...at) => needs.knownNetworks.purge(...at)),
    keptDays('done jobs', keptFor.doneJobDays, (...at) => needs.outbox.purge(...at)),
    keptDays('webhook events', keptFor.webhookDays, (...at) => needs.webhookEvents.purge(...at)),
    keptDays('password resets', resetDays, (...at) => needs.passwordResets.purge(...at)),
    keptDays('journals of merges', 0, (...at) => needs.merges.purgeRows(...at)),
    keptDays('ended sessions', keptFor.endedSessionDays, (...at) => needs.sessions.purge(...at)),
    keptDays('idle guests', keptFor.idleGuestDays, (call, since, limit) =>
      needs.idleGuests.purge(call, { since, limit }, (ids) => purgedGuests(call, ids, needs)),
    ),
    keptDays('unused handles', keptFor.handleQuarantineDays, async (call, before, limit) => {
      const { keptHandles } = needs
      return await releaseHandles(call, { before, limit, keptHandles }, needs)
    }),
    ...auditPurges(needs),
  ]
}

/** Deletes all expired data in batches. It may be repeated, run concurrently and be interrupted. */
export const purgeExpired = async (
  call: Call,
  progress: (at: JobProgress) => Promise<void>,
  needs: PurgeExpiredNeeds,
): Promise<Readonly<Record<string, number>>> => {
  const purged: Record<string, number> = {}
  for (const { what, keptMilliseconds, remove } of purgesOf(needs)) {
    const before = new Date(call.now.getTime() - keptMilliseconds)
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
