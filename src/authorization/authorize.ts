// The checks of a principal: is there one, are its scopes sufficient, is its authentication recent enough. Pure.
import { Failure } from '../failure.js'
import { type Acr, isWeaker, type Principal, type SessionPrincipal } from './principal.js'
import { coversScopes } from './scope.js'

/** The principal, or `UNAUTHENTICATED` when there is none. */
export const requirePrincipal = (principal: Principal | null): Principal => {
  if (principal === null) throw new Failure('UNAUTHENTICATED')
  return principal
}

/** The principal with its session; `UNAUTHENTICATED` without a principal, `FORBIDDEN` for one that has no session. */
export const requireSession = (principal: Principal | null): SessionPrincipal => {
  const present = requirePrincipal(principal)
  if (present.kind !== 'session')
    throw new Failure('FORBIDDEN', 'This needs a session. Sign in for one: this bearer is none.', {
      reason: `bearer of kind ${present.kind}`,
    })
  return present
}

/** Refuses with `FORBIDDEN` unless the principal's scopes cover one of the sets. */
export const requireScopes = (
  principal: Pick<Principal, 'scopes'>,
  requiredScopes: readonly (readonly string[])[],
): void => {
  if (!coversScopes(principal.scopes, requiredScopes))
    throw new Failure('FORBIDDEN', undefined, { requiredScopes })
}

/**
 * Age limit of an authentication: long enough to sign in and change something, short for an unattended screen. In
 * seconds.
 */
export const stepUpMaxAgeSeconds = 600

/** How recent and how strong an authentication must be. */
export interface StepUpRule {
  readonly acr: Acr
  readonly maxAgeSeconds: number
}

/** Refuses with `STEP_UP_REQUIRED` unless the caller authenticated recently and strongly enough (RFC 9470). */
export const requireStepUp = (principal: Principal, rule: StepUpRule, now: Date): void => {
  const ageSeconds = (now.getTime() - principal.authenticatedAt.getTime()) / 1000
  if (!isWeaker(principal.acr, rule.acr) && ageSeconds <= rule.maxAgeSeconds) return
  throw new Failure('STEP_UP_REQUIRED', undefined, {
    acrValues: [rule.acr],
    maxAgeSeconds: rule.maxAgeSeconds,
    reason: `acr ${principal.acr}, authenticated ${Math.round(ageSeconds)} s ago`,
  })
}
