// Signs in as the guest of this browser, who is known by a secret that the browser keeps.

import { toBase64 } from './base64.js'
import type { TextStorage } from './pending-sign-in.js'
import { answerAsGuest } from './proof.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'

/** A guest. */
export interface Guest {
  /** Where the secret is kept, such as `localStorage`: whoever reads it is the same guest. */
  readonly storage: TextStorage
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string
}

const storageKey = 'idem.guest'
/** 256 bits. In bytes. */
const secretLength = 32

/**
 * Signs in as the same guest each time, or as a new one where there is no secret yet. `PROOF_REJECTED` once the guest
 * has become a person, who signs in by what was linked then.
 */
export const signInWithGuest = async (
  transport: Transport,
  { storage, deviceName }: Guest,
): Promise<SignedIn> => {
  const deviceSecret =
    storage.getItem(storageKey) ?? toBase64(crypto.getRandomValues(new Uint8Array(secretLength)))
  storage.setItem(storageKey, deviceSecret)
  return await signIn(
    transport,
    answerAsGuest({ deviceSecret, ...(deviceName === undefined ? {} : { deviceName }) }),
  )
}
