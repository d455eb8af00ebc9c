// Accepts an unproven bearer, the base64 of `{"email":"…"}`, if authentication is off. Only in development.
import type { BelievedPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import { parseAddress } from '../mail/address.js'
import { emailMethodName } from '../methods/email/method.js'

/** What `believeBearer` works with. */
export interface BelieveBearerNeeds extends OpenIdentityNeeds {}

/**
 * The principal of the claimed address's account, which is created if it is new. Throws `UNAUTHENTICATED` for a bearer
 * without an address.
 */
export const believeBearer = async (
  call: Call,
  bearer: string,
  needs: BelieveBearerNeeds,
): Promise<BelievedPrincipal> => {
  const subject = claimedAddress(bearer)
  const claim = {
    proven: { method: emailMethodName, issuer: emailMethodName, subject },
    // The highest level, so that no call requires a step-up.
    acr: 'aal2',
    handle: null,
    credential: null,
    accountId: null,
    whenUnknown: { act: 'provision', kind: 'PERSON' },
  } as const
  const opening = await openIdentity(call, claim, needs, async ({ account, parts }) => {
    if (parts.length > 0) await call.write(...parts)
    return account
  })
  if (opening.outcome !== 'opened')
    throw opening.outcome === 'refused'
      ? new Failure('UNAUTHENTICATED', opening.failure.message, opening.failure.details)
      : new Error(`a believed bearer met ${opening.outcome}`)
  const { id, level } = opening.result
  return {
    kind: 'believed',
    accountId: id,
    scopes: new Set(['all']),
    amr: [],
    acr: level,
    authenticatedAt: call.now,
  }
}

/** The address in a bearer, in canonical form. */
const claimedAddress = (bearer: string): string => {
  try {
    const claim: unknown = JSON.parse(Buffer.from(bearer, 'base64').toString())
    const email: unknown =
      typeof claim === 'object' && claim !== null ? Reflect.get(claim, 'email') : undefined
    return parseAddress(typeof email === 'string' ? email : '', 'email')
  } catch (cause) {
    // Not JSON, no text or no address.
    throw new Failure(
      'UNAUTHENTICATED',
      'The bearer must be the base64 of {"email":"…"}, or an access token.',
      {
        reason: 'bearer that claims no address',
        cause,
      },
    )
  }
}
