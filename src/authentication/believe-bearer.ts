// Believes a bearer that only says who it is, where authentication is off: base64 of `{"email":"…"}`. Development alone.
import type { Account } from '../accounts/account.js'
import type { Principal } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type ResolveIdentityNeeds, resolveIdentity } from '../identities/resolve-identity.js'
import { parseAddress } from '../mail/address.js'
import { emailMethodName } from '../methods/email/method.js'

/** What `believeBearer` works with. */
export interface BelieveBearerNeeds extends ResolveIdentityNeeds {}

/** Each one after the first follows a change that others made meanwhile; nobody can make that many in time. */
const mostResolutions = 5

/**
 * The principal of the account that the claimed address leads to, which is provisioned when it is new. There is no session.
 * Throws `UNAUTHENTICATED` for what claims no address, and for an account that is suspended.
 */
export const believeBearer = async (
  call: Call,
  bearer: string,
  needs: BelieveBearerNeeds,
): Promise<Principal> => {
  const account = await openAccount(call, claimedAddress(bearer), needs)
  if (account.suspendedAt !== null)
    throw new Failure('UNAUTHENTICATED', 'This account is suspended. Ask whoever runs this service.', {
      reason: `account ${account.id} is suspended`,
    })
  return {
    accountId: account.id,
    sessionId: null,
    scopes: new Set(['all']),
    amr: [],
    acr: 'aal1',
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

/** The account of an address. When another first request has just provisioned it, nothing was written, and it is found. */
const openAccount = async (call: Call, subject: string, needs: BelieveBearerNeeds): Promise<Account> => {
  const proven = { method: emailMethodName, issuer: emailMethodName, subject }
  for (let resolution = 1; ; resolution += 1) {
    const resolved = await resolveIdentity(call, { proven, handle: null, provisions: 'PERSON' }, needs)
    if (!resolved.provisioned) return resolved.account
    try {
      await call.write(...resolved.rows)
      return resolved.account
    } catch (error) {
      const isOutdated = error instanceof Failure && error.code === 'CONFLICT'
      if (!isOutdated || resolution === mostResolutions) throw error
    }
  }
}
