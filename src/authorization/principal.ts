// Who makes a call, with which scopes: told apart by the kind of bearer that was shown.

/** The authentication context of a session after NIST SP 800-63B: one factor, two factors, and our own `aal0` for a guest. */
export type Acr = 'aal0' | 'aal1' | 'aal2'

/** The contexts from the weakest to the strongest. */
const acrOrder: readonly Acr[] = ['aal0', 'aal1', 'aal2']

/** True when `acr` is weaker than `wanted`. */
export const isWeaker = (acr: Acr, wanted: Acr): boolean => acrOrder.indexOf(acr) < acrOrder.indexOf(wanted)

/** What is known of every caller whose bearer held. */
interface CommonPrincipal {
  readonly accountId: string
  readonly scopes: ReadonlySet<string>
  /** RFC 8176 values of the proofs behind the bearer. */
  readonly amr: readonly string[]
  readonly acr: Acr
  /** When the caller last proved who it is (`auth_time`). */
  readonly authenticatedAt: Date
}

/** A caller with an access token of a session. */
export interface SessionPrincipal extends CommonPrincipal {
  readonly kind: 'session'
  readonly sessionId: string
}

/** A caller with an API key. */
export interface ApiKeyPrincipal extends CommonPrincipal {
  readonly kind: 'api_key'
  readonly apiKeyId: string
}

/** A caller with a JWT of an outside issuer. */
export interface AssertionPrincipal extends CommonPrincipal {
  readonly kind: 'assertion'
  /** The identity that the JWT proves. */
  readonly identityId: string
}

/** A caller that was believed, because authentication is off. */
export interface BelievedPrincipal extends CommonPrincipal {
  readonly kind: 'believed'
}

/** A caller whose bearer held. */
export type Principal = SessionPrincipal | ApiKeyPrincipal | AssertionPrincipal | BelievedPrincipal

/** The session that a caller acts in, or null where its bearer is of no session. */
export const sessionIdOf = (principal: Principal | null): string | null =>
  principal?.kind === 'session' ? principal.sessionId : null
