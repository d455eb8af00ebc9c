// A session: the period that one sign-in opened.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { Account } from '../accounts/account.js'
import type { Acr, SessionPrincipal } from '../authorization/principal.js'
import { parseScope } from '../authorization/scope.js'
import { Identity } from '../identities/identity.js'

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'session',
  indexes: [{ name: 'session_live', properties: ['account', 'endedAt', 'expiresAt', 'id'] }],
  properties: {
    id: p.uuid().primary(),
    account: () => p.manyToOne(Account).mapToPk().index('session_account'),
    /** The identity that opened it; null once that was unlinked, which also ends the session. */
    identity: () =>
      p.manyToOne(Identity).mapToPk().strictNullable().deleteRule('set null').index('session_identity'),
    /** The client's name for its device, shown in the owner's list of sessions. */
    device: p.text().strictNullable(),
    amr: p.array(),
    acr: p.text().$type<Acr>(),
    scope: p.text(),
    authenticatedAt: p.datetime(),
    startedAt: p.datetime(),
    /** The end of the session, however often it is refreshed. */
    expiresAt: p.datetime().index('session_expires_at'),
    /** The number of refreshes; only the refresh token of this generation is current. */
    generation: p.integer(),
    refreshedAt: p.datetime(),
    /** The state of the pace of refreshes (`throttle/pace.ts`); null before the first one. */
    refreshesPacedUntil: p.datetime().strictNullable(),
    endedAt: p.datetime().strictNullable(),
  },
})

/** The period that one sign-in opened. */
export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session)

/** A session, with the ids that its account has absorbed: what its tokens say. */
export interface IssuableSession extends Session, Pick<Account, 'absorbedIds'> {}

/** True if the session is valid at `now`. */
export const isLive = (session: Pick<Session, 'endedAt' | 'expiresAt'>, now: Date): boolean =>
  session.endedAt === null && now < session.expiresAt

/** The principal of the session's tokens, as of its last proof. */
export const principalOf = (session: Session): SessionPrincipal => ({
  kind: 'session',
  accountId: session.account,
  sessionId: session.id,
  scopes: parseScope(session.scope),
  amr: session.amr,
  acr: session.acr,
  authenticatedAt: session.authenticatedAt,
})
