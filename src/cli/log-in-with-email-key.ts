// The silent login: with the key that the first login by mail made.

import { IdemError } from '../client/idem-error.js'
import { answerWithKey } from '../client/proof.js'
import { type SignedIn, signIn } from '../client/sign-in.js'
import { endSession } from '../client/tokens.js'
import { type Transport, withBearer } from '../client/transport.js'
import { CliError } from './cli-error.js'
import type { EmailKey } from './config.js'
import { parsePrivateKey } from './private-key.js'

/** Signs in with the key; null when it opens its account no more, or cannot be read. */
export const logInWithEmailKey = async (transport: Transport, key: EmailKey): Promise<SignedIn | null> => {
  const signedIn = await signInUnlessRejected(transport, key)
  if (signedIn === null || signedIn.account.id === key.accountId) return signedIn
  // Without a handle to hold it to, a key that was removed opens an account of its own: not the one that is meant.
  await endSession(withBearer(transport, signedIn.tokens.accessToken))
  return null
}

const signInUnlessRejected = async (transport: Transport, key: EmailKey): Promise<SignedIn | null> => {
  const { privateKey, handle } = key
  try {
    const signer = parsePrivateKey(privateKey, 'The key in the config')
    const wanted = handle === null ? {} : { handle }
    return await signIn(transport, await answerWithKey(transport, signer, { purpose: 'SIGN_IN', ...wanted }))
  } catch (error) {
    const isUseless = error instanceof CliError && error.code.startsWith('KEY_')
    if (isUseless || (error instanceof IdemError && error.code === 'PROOF_REJECTED')) return null
    throw error
  }
}
