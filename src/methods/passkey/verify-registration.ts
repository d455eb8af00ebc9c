// Verifies the registration of a passkey (WebAuthn level 3, 7.1).
import { readAuthenticatorData } from './authenticator-data.js'
import { areItems } from './cbor-bounds.js'
import { checkAuthenticatorData, type ExpectedCeremony, rejected } from './ceremony.js'
import type { PasskeyCredential } from './credential.js'
import { loadWebauthn } from './load-webauthn.js'
import { acceptedAlgorithms, isAcceptedKey } from './public-key.js'
import { bytesOf, type CeremonyResponse, transportsOf } from './response.js'

type Webauthn = Awaited<ReturnType<typeof loadWebauthn>>

/** What a registration must show, and for whom. */
export interface ExpectedRegistration extends ExpectedCeremony {
  readonly userHandle: string
  readonly requireUserVerification: boolean
}

/** The new credential. The response answers the challenge already (`checkClientData`). Throws `PROOF_REJECTED`, and `BAD_USER_INPUT` if the response is malformed. */
export const verifyRegistration = async (
  response: CeremonyResponse,
  expected: ExpectedRegistration,
): Promise<PasskeyCredential> => {
  // 1 what the authenticator says
  const authData = await authDataIn(Buffer.from(bytesOf(response.members, 'attestationObject'), 'base64url'))
  const data = checkAuthenticatorData(readAuthenticatorData(authData), expected.relyingParty)
  if (expected.requireUserVerification && !data.isUserVerified) throw rejected('the user was not verified')
  // 2 the credential in it
  const { id, publicKey } = await credentialIn(response, authData, expected)
  if (id !== response.id) throw rejected('the id is that of another credential')
  if (!(await isAcceptedKey(publicKey))) throw rejected('the public key is not accepted')
  return {
    publicKey: Buffer.from(publicKey).toString('base64url'),
    counter: data.counter,
    transports: transportsOf(response.members),
    userHandle: expected.userHandle,
    userVerified: data.isUserVerified,
    backupEligible: data.isBackupEligible,
    backedUp: data.isBackedUp,
  }
}

/** The authenticator data in an attestation object. */
const authDataIn = async (attestationObject: Buffer): Promise<Buffer> => {
  const authData = areItems(attestationObject, 0, 1) ? await memberOf(attestationObject, 'authData') : null
  if (!(authData instanceof Uint8Array)) throw rejected('the attestation object is malformed')
  return Buffer.from(authData)
}

/** A member of a CBOR map; null if it is no map, or of numbers that the library does not decode. */
const memberOf = async (bytes: Buffer, name: string): Promise<unknown> => {
  const { helpers } = await loadWebauthn()
  try {
    const decoded: unknown = helpers.isoCBOR.decodeFirst(Uint8Array.from(bytes))
    return decoded instanceof Map ? decoded.get(name) : null
  } catch {
    return null
  }
}

/**
 * The attestation statement is replaced by none, as browsers do where none is asked for: there is no list of accepted
 * authenticators, and to verify a statement the library would fetch certificates and revocation lists.
 */
const withoutAttestation = (authData: Buffer, { isoCBOR }: Webauthn['helpers']): string =>
  Buffer.from(
    isoCBOR.encode(
      new Map<string, string | Uint8Array | Map<string, string>>([
        ['fmt', 'none'],
        ['attStmt', new Map<string, string>()],
        ['authData', Uint8Array.from(authData)],
      ]),
    ),
  ).toString('base64url')

const credentialIn = async (
  { id, clientDataJSON, clientData }: CeremonyResponse,
  authData: Buffer,
  { type, challenge, relyingParty }: ExpectedRegistration,
) => {
  const { server, helpers } = await loadWebauthn()
  try {
    const { registrationInfo } = await server.verifyRegistrationResponse({
      response: {
        id,
        rawId: id,
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON, attestationObject: withoutAttestation(authData, helpers) },
      },
      expectedType: type,
      expectedChallenge: challenge,
      // One that the relying party allows.
      expectedOrigin: clientData.origin,
      expectedRPID: relyingParty.rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: [...acceptedAlgorithms],
    })
    if (registrationInfo === undefined) throw rejected('the registration does not verify')
    return registrationInfo.credential
  } catch {
    // The library's messages repeat the input.
    throw rejected('the registration does not verify')
  }
}
