// Verifies the proof of a known passkey (WebAuthn level 3, 7.2).
import { type AuthenticatorData, readAuthenticatorData } from './authenticator-data.js'
import { checkAuthenticatorData, type ExpectedCeremony, rejected } from './ceremony.js'
import type { PasskeyCredential } from './credential.js'
import { loadWebauthn } from './load-webauthn.js'
import { bytesOf, type CeremonyResponse, userHandleOf } from './response.js'

/** What a proof must show, and of which passkey. */
export interface ExpectedAssertion extends ExpectedCeremony {
  readonly known: PasskeyCredential
  readonly requireUserVerification: boolean
}

/**
 * What the authenticator says. The response answers the challenge already (`checkClientData`). Throws `PROOF_REJECTED`,
 * and `BAD_USER_INPUT` if the response is malformed.
 */
export const verifyAssertion = async (
  response: CeremonyResponse,
  expected: ExpectedAssertion,
): Promise<AuthenticatorData> => {
  const { known, relyingParty } = expected
  const authenticatorData = bytesOf(response.members, 'authenticatorData')
  const data = checkAuthenticatorData(
    readAuthenticatorData(Buffer.from(authenticatorData, 'base64url')),
    relyingParty,
  )
  // 1 the signature first, so that only the passkey itself is told what else is wrong
  if (!(await isSigned(response, authenticatorData, expected))) throw rejected('the signature does not hold')
  // 2 what must be as it was registered
  const userHandle = userHandleOf(response.members)
  if (userHandle !== null && userHandle !== known.userHandle)
    throw rejected('the user handle is that of another account')
  if (data.isBackupEligible !== known.backupEligible) throw rejected('the backup eligibility has changed')
  // 3 the counter; authenticators that do not count send 0 always
  if ((data.counter > 0 || known.counter > 0) && data.counter <= known.counter)
    throw rejected(
      'the counter went back, so there may be a copy of it',
      'This passkey may have been copied.',
    )
  if (expected.requireUserVerification && !data.isUserVerified) throw rejected('the user was not verified')
  return data
}

const isSigned = async (
  { id, clientDataJSON, clientData, members }: CeremonyResponse,
  authenticatorData: string,
  { type, challenge, relyingParty, known }: ExpectedAssertion,
): Promise<boolean> => {
  const signature = bytesOf(members, 'signature')
  const { server } = await loadWebauthn()
  try {
    const { verified } = await server.verifyAuthenticationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, authenticatorData, signature },
      },
      expectedType: type,
      expectedChallenge: challenge,
      // One that the relying party allows.
      expectedOrigin: clientData.origin,
      expectedRPID: relyingParty.rpId,
      // The counter is compared afterwards: the library does so before it checks the signature.
      credential: { id, publicKey: Uint8Array.from(Buffer.from(known.publicKey, 'base64url')), counter: 0 },
      requireUserVerification: false,
    })
    return verified
  } catch {
    // A signature of another form; the library's messages repeat the input.
    return false
  }
}
