// A session: the period that one sign-in opened.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'
import type { Acr, SessionPrincipal } from '../authorization/principal.js'
import { parseScope } from '../authorization/scope.js'
import { Identity } from '../identities/identity.js'

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'session',
  properties: {
    id: p.uuid().primary(),
    account: () => p.manyToOne(Account).mapToPk().index('session_account'),
    /** The identity that opened it; null once that was unlinked, which also ends the session. */
    identity: () =>
      p.manyToOne(Identity).mapToPk().strictNullable().deleteRule('set null').index('session_identity'),
    /** What the client said it is, shown in the owner's list of sessions. */
    device: p.text().strictNullable(),
    amr: p.array(),
    acr: p.text().$type<Acr>(),
    scope: p.text(),
    authenticatedAt: p.datetime(),
    startedAt: p.datetime(),
    /** The hard limit, however often refreshed. */
    expiresAt: p.datetime().index('session_expires_at'),
    /** How often it was refreshed: only the refresh token of this generation is current. */
    generation: p.integer(),
    refreshedAt: p.datetime(),
    /** How far ahead the refreshes so far are of their pace (`throttle/pace.ts`); null before the first one. */
    refreshesPacedUntil: p.datetime().strictNullable(),
    endedAt: p.datetime().strictNullable(),
  },
})

/** The period that one sign-in opened. */
export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session)

/** True while the session may be used at `now`. */
export const isLive = (session: Pick<Session, 'endedAt' | 'expiresAt'>, now: Date): boolean =>
  session.endedAt === null && now < session.expiresAt

/** Whom the session's tokens stand for, as of its last proof. */
export const principalOf = (session: Session): SessionPrincipal => ({
  kind: 'session',
  accountId: session.account,
  sessionId: session.id,
  scopes: parseScope(session.scope),
  amr: session.amr,
  acr: session.acr,
  authenticatedAt: session.authenticatedAt,
})
