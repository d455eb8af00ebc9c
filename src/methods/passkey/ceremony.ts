// What registration and proof both check: type, challenge, origin, RP ID and presence (WebAuthn level 3, 7.1 and 7.2).
import { createHash } from 'node:crypto'
import { Failure } from '../../failure.js'
import type { AuthenticatorData } from './authenticator-data.js'
import type { RelyingParty } from './relying-party.js'
import type { ClientData } from './response.js'

/** What a response must show. */
export interface ExpectedCeremony {
  readonly type: 'webauthn.create' | 'webauthn.get'
  /** Base64url of the challenge's bytes. */
  readonly challenge: string
  readonly relyingParty: RelyingParty
}

/** A refusal of a passkey; `reason` contains nothing of the response. */
export const rejected = (reason: string, sentence?: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason: `passkey: ${reason}` })

/** Checks what the browser says. Throws `PROOF_REJECTED`. */
export const checkClientData = (clientData: ClientData, expected: ExpectedCeremony): void => {
  if (clientData.type !== expected.type) throw rejected('the type is that of another ceremony')
  if (clientData.challenge !== expected.challenge)
    throw rejected(
      'the challenge is another one',
      'The passkey has answered another challenge than this one.',
    )
  if (!expected.relyingParty.allows(clientData.origin))
    throw rejected('the origin is not allowed', 'Passkeys of this service cannot be used by that page.')
  if (clientData.crossOrigin)
    throw rejected('in a frame of another origin', 'Passkeys cannot be used in a frame of another site.')
}

/** Checks what the authenticator says. Throws `PROOF_REJECTED`. */
export const checkAuthenticatorData = (
  data: AuthenticatorData | null,
  { rpId }: RelyingParty,
): AuthenticatorData => {
  if (data === null) throw rejected('the authenticator data is malformed')
  if (!data.rpIdHash.equals(createHash('sha256').update(rpId).digest()))
    throw rejected('another RP ID', 'This passkey belongs to another domain.')
  if (!data.isUserPresent)
    throw rejected('nobody was present', 'The passkey must be used by somebody present.')
  if (data.isBackedUp && !data.isBackupEligible) throw rejected('backed up without being eligible')
  return data
}
