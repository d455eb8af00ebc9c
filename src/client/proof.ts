// Proofs: the answer of a key to a challenge, and the proof of a guest.

import { toBase64 } from './base64.js'
import { checkSignedText } from './check-signed-text.js'
import type { PasskeyResponse } from './passkey.js'
import type { Transport } from './transport.js'

/** An Ed25519 key that can sign; its private half may be in a file, WebCrypto or a device. */
export interface KeySigner {
  /** Base64 of the 32 public bytes. */
  readonly publicKey: string
  /** The 64 bytes of the signature over `message`. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** The purpose of a challenge. */
export type ChallengePurpose = 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP' | 'REGISTER_DEVICE' | 'RESET_PASSWORD'

/** The input of `signIn`, `stepUp` and `linkIdentity`: a proof, and the challenge that it answers, if any. */
export interface Answer {
  readonly challengeId?: string
  readonly proof:
    | { readonly key: { readonly signature: string } }
    | { readonly anonymous: { readonly deviceSecret: string; readonly deviceName?: string } }
    | { readonly email: { readonly code?: string } }
    | { readonly wallet: { readonly signature: string } }
    | { readonly password: { readonly login?: string; readonly password: string } }
    | { readonly totp: { readonly code: string } }
    | { readonly recoveryCode: { readonly code: string } }
    | { readonly login: { readonly code: string; readonly codeVerifier: string } }
    | { readonly passkey: { readonly response: PasskeyResponse } }
}

const issueChallenge = `mutation IssueChallenge($input: ChallengeRequest!, $purpose: ChallengePurpose!) {
  issueChallenge(input: $input, purpose: $purpose) { id message }
}`

/**
 * Requests a challenge for the key and signs its text exactly as given; it expires after 30 seconds. Signs nothing and
 * throws `WRONG_CHALLENGE` if the text names anything but this server and request.
 */
export const answerWithKey = async (
  transport: Transport,
  signer: KeySigner,
  request: { readonly purpose: ChallengePurpose; readonly handle?: string },
): Promise<Answer> => {
  const { challengeId, signature } = await signChallenge(transport, signer, request)
  return { challengeId, proof: { key: { signature } } }
}

/** The same as the parts of other inputs; the signature is in base64. */
export const signChallenge = async (
  transport: Transport,
  signer: KeySigner,
  request: { readonly purpose: ChallengePurpose; readonly handle?: string },
): Promise<{ readonly challengeId: string; readonly signature: string }> => {
  const { purpose, handle } = request
  const key = { publicKey: signer.publicKey, ...(handle === undefined ? {} : { handle }) }
  const { issueChallenge: challenge } = await transport.send<{
    issueChallenge: { id: string; message: string }
  }>({ document: issueChallenge, variables: { input: { key }, purpose } })
  checkSignedText(challenge.message, {
    server: await transport.identify(),
    purpose,
    publicKey: signer.publicKey,
    handle: handle ?? null,
  })
  const signature = await signer.sign(new TextEncoder().encode(challenge.message))
  return { challengeId: challenge.id, signature: toBase64(signature) }
}

/** A guest's proof: the same secret (32 random bytes, base64) leads to the same account. */
export const answerAsGuest = (guest: {
  readonly deviceSecret: string
  readonly deviceName?: string
}): Answer => ({ proof: { anonymous: guest } })

/** A password; without the handle or a verified address where the session names the account. */
export const answerWithPassword = (given: {
  readonly login?: string
  readonly password: string
}): Answer => ({
  proof: { password: given },
})
