// Signs in by a passkey, without a user name.

import { type GetPasskeyOptions, getPasskey } from './passkey.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'

const document = `mutation IssuePasskeyChallenge {
  issueChallenge(input: { passkey: {} }) { id message }
}`

/**
 * Signs in by the passkey that the person chooses; with `mediation: 'conditional'` among the suggestions of a field with
 * `autocomplete="username webauthn"`. The browser gives each server only the passkeys of its own domain. Throws the
 * browser's `DOMException`, such as `NotAllowedError`, if the person gives none.
 */
export const signInWithPasskey = async (
  transport: Transport,
  options: GetPasskeyOptions = {},
): Promise<SignedIn> => {
  const { issueChallenge } = await transport.send<{ issueChallenge: { id: string; message: string } }>({
    document,
  })
  const response = await getPasskey(issueChallenge.message, options)
  return await signIn(transport, { challengeId: issueChallenge.id, proof: { passkey: { response } } })
}
