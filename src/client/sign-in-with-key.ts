// Signs in by an Ed25519 key.

import { answerWithKey, type KeySigner } from './proof.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'

/**
 * An unknown key registers, with the handle if one is given. Signs nothing and throws `WRONG_CHALLENGE` if the text
 * names anything but this server and request.
 */
export const signInWithKey = async (
  transport: Transport,
  signer: KeySigner,
  handle: string | null = null,
): Promise<SignedIn> => {
  const request = { purpose: 'SIGN_IN', ...(handle === null ? {} : { handle }) } as const
  return await signIn(transport, await answerWithKey(transport, signer, request))
}
