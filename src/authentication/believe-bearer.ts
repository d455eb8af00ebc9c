// Believes a bearer that only says who it is, where authentication is off: base64 of `{"email":"…"}`. Development alone.
import type { BelievedPrincipal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type OpenIdentityNeeds, openIdentity } from '../identities/open-identity.js'
import { parseAddress } from '../mail/address.js'
import { emailMethodName } from '../methods/email/method.js'

/** What `believeBearer` works with. */
export interface BelieveBearerNeeds extends OpenIdentityNeeds {}

/**
 * The principal of the account that the claimed address leads to, which is provisioned when it is new.
 * Throws `UNAUTHENTICATED` for what claims no address.
 */
export const believeBearer = async (
  call: Call,
  bearer: string,
  needs: BelieveBearerNeeds,
): Promise<BelievedPrincipal> => {
  const subject = claimedAddress(bearer)
  const claim = {
    proven: { method: emailMethodName, issuer: emailMethodName, subject },
    // Whoever is believed is believed to have every factor.
    acr: 'aal2',
    handle: null,
    credential: null,
    accountId: null,
    whenUnknown: { act: 'provision', kind: 'PERSON' },
  } as const
  const opening = await openIdentity(call, claim, needs, async ({ account, rows }) => {
    if (rows.length > 0) await call.write(...rows)
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

/** The address that a bearer claims, in its one spelling. */
const claimedAddress = (bearer: string): string => {
  try {
    const claim: unknown = JSON.parse(Buffer.from(bearer, 'base64').toString())
    const email: unknown =
      typeof claim === 'object' && claim !== null ? Reflect.get(claim, 'email') : undefined
    return parseAddress(typeof email === 'string' ? email : '', 'email')
  } catch (cause) {
    // Whatever is wrong with it: not JSON, no text, no address.
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
