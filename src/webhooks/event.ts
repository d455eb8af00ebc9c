// The events: which acts of the audit log are told to receivers, and what of them.
import type { AuditAction } from '../audit/audit-entry.js'
import type { AuditedAct } from '../audit/audit-log.js'

/** Every type of event. */
export const eventTypes = [
  'account.provisioned',
  'account.updated',
  'account.merged',
  'account.unmerged',
  'account.deleted',
  'identity.linked',
  'identity.unlinked',
  'session.revoked',
] as const

/** One type of event. */
export type EventType = (typeof eventTypes)[number]

/** True for the name of a type. */
export const isEventType = (name: string): name is EventType => eventTypes.some((type) => type === name)

/** An event before it has a row: ids and public facts. */
export interface EventFacts {
  readonly type: EventType
  readonly payload: Readonly<Record<string, unknown>>
}

/** What a mapping reads: the act, and the session in which it was done. */
interface Told {
  readonly detail: Readonly<Record<string, unknown>>
  readonly sessionId: string | null
}

type EventsOf = (told: Told) => readonly EventFacts[]

/** Which sessions ended: one, those that an identity opened, or all of the account, but for one where it says so. */
interface EndedSessions {
  readonly cause: string
  readonly sessionId?: unknown
  readonly exceptSessionId?: unknown
  readonly identityId?: unknown
}

const updated = (changed: readonly string[], facts: object = {}): EventFacts => ({
  type: 'account.updated',
  payload: { changed, ...facts },
})

const revoked = ({
  cause,
  sessionId = null,
  exceptSessionId = null,
  identityId = null,
}: EndedSessions): EventFacts => ({
  type: 'session.revoked',
  payload: { cause, sessionId, exceptSessionId, identityId },
})

/** Only if the act has ended any. */
const revokedIfAny = ({ detail }: Told, ended: EndedSessions): readonly EventFacts[] =>
  Number(detail['endedSessions'] ?? 0) > 0 ? [revoked(ended)] : []

/** What of the profile is nobody's business but the owner's. */
const privateFields = ['signInNotices']

const profileUpdated: EventsOf = ({ detail }) => {
  const fields = Array.isArray(detail['changed']) ? detail['changed'].map(String) : []
  const changed = fields.filter((field) => !privateFields.includes(field))
  return changed.length === 0 ? [] : [updated(changed)]
}

const merging =
  (type: Extract<EventType, 'account.merged' | 'account.unmerged'>): EventsOf =>
  ({ detail }) => {
    const { mergeId, survivorId, absorbedId, ids } = detail
    return [{ type, payload: { mergeId, survivorId, absorbedId, ids } }]
  }

/**
 * What receivers learn of each act; null for what stays here. Exhaustive, so that a new act does not compile before it
 * is decided. What a detail holds beside these facts, such as an address, stays here too.
 */
const eventsOfAct: {
  readonly [A in AuditAction]: EventsOf | null
} = {
  'account.provisioned': ({ detail }) => [
    { type: 'account.provisioned', payload: { method: detail['method'], identityId: detail['identityId'] } },
  ],
  'account.became_person': () => [updated(['kind'], { kind: 'PERSON' })],
  'account.handle_set': ({ detail }) => [updated(['handle'], { handle: detail['to'] })],
  'account.profile_updated': profileUpdated,
  'account.suspended': () => [updated(['suspended'], { suspended: true }), revoked({ cause: 'suspended' })],
  'account.reinstated': () => [updated(['suspended'], { suspended: false })],
  'account.deletion_begun': ({ detail }) => [updated(['deletionDueAt'], { deletionDueAt: detail['dueAt'] })],
  'account.deletion_cancelled': () => [updated(['deletionDueAt'], { deletionDueAt: null })],
  'account.merged': merging('account.merged'),
  'account.unmerged': merging('account.unmerged'),
  'account.deleted': ({ detail }) => [{ type: 'account.deleted', payload: { ids: detail['ids'] } }],
  'identity.linked': ({ detail }) => [
    { type: 'identity.linked', payload: { identityId: detail['identityId'], method: detail['method'] } },
  ],
  'identity.unlinked': (told) => {
    const { identityId, method } = told.detail
    return [
      { type: 'identity.unlinked', payload: { identityId, method } },
      ...revokedIfAny(told, { cause: 'identity_unlinked', identityId }),
    ]
  },
  'session.ended': ({ sessionId }) => [revoked({ cause: 'signed_out', sessionId })],
  'session.revoked': ({ detail, sessionId }) => [
    detail['revoked'] === 'others'
      ? revoked({ cause: 'revoked', exceptSessionId: sessionId })
      : revoked({ cause: 'revoked', sessionId: detail['revoked'] }),
  ],
  'session.refresh_reused': ({ sessionId }) => [revoked({ cause: 'refresh_reused', sessionId })],
  'account.sessions_ended': () => [revoked({ cause: 'operator' })],
  'password.changed': (told) =>
    revokedIfAny(told, { cause: 'password_changed', exceptSessionId: told.sessionId }),
  'password_reset.done': (told) => revokedIfAny(told, { cause: 'password_changed' }),
  'account.handle_released': null,
  'account.exported': null,
  'account.purged': null,
  'identity.renamed': null,
  'device.registered': null,
  'device.removed': null,
  'password.set': null,
  'password_reset.begun': null,
  'password_reset.cancelled': null,
  'second_factor.begun': null,
  'second_factor.added': null,
  'second_factor.removed': null,
  'recovery_codes.created': null,
  'recovery_code.used': null,
  'session.started': null,
  'session.refreshed': null,
  'session.stepped_up': null,
  'challenge.confirmed': null,
  'job.retried': null,
  'webhook.added': null,
  'webhook.changed': null,
  'webhook.removed': null,
  'webhook.secret_rotated': null,
  'webhook.disabled': null,
  'webhook.redelivered': null,
  'signing_key.added': null,
  'signing_key.removed': null,
}

/** True if an act may be an event. */
export const isTold = (action: AuditAction): boolean => eventsOfAct[action] !== null

/** The events of an act; `sessionId` is that of the session in which it was done. */
export const eventsOf = (
  { action, detail = {} }: AuditedAct,
  sessionId: string | null,
): readonly EventFacts[] => eventsOfAct[action]?.({ detail, sessionId }) ?? []

/** The body of an event's request, as Standard Webhooks recommends it: the same text at every try. */
export const bodyOf = (event: {
  readonly type: EventType
  readonly at: Date
  readonly accountId: string
  readonly payload: Readonly<Record<string, unknown>>
}): string =>
  JSON.stringify({
    type: event.type,
    timestamp: event.at.toISOString(),
    data: { accountId: event.accountId, ...event.payload },
  })
