// The principal: who makes a call, and with which scopes.

/**
 * The authentication context of a session (NIST SP 800-63B): one factor, two factors, and our own `aal0` for guests.
 */
export type Acr = 'aal0' | 'aal1' | 'aal2'

/** A caller with a verified bearer. */
export interface Principal {
  readonly accountId: string
  /** Null where the bearer itself is the proof and no session was started. */
  readonly sessionId: string | null
  readonly scopes: ReadonlySet<string>
  readonly amr: readonly string[]
  readonly acr: Acr
  /** When the caller last proved who it is (`auth_time`). */
  readonly authenticatedAt: Date
}

/** A caller with a session. */
export interface SessionPrincipal extends Principal {
  readonly sessionId: string
}
