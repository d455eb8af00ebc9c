// The silent login: with the key that the first login by mail made.

import { domainToASCII } from 'node:url'
import { fetchWhoAmI } from '../client/account.js'
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
  if (signedIn === null) return null
  const bearer = withBearer(transport, signedIn.tokens.accessToken)
  // Without a handle to hold it to, a key that was removed opens an account of its own; and an address may have gone to
  // another account: neither is the one that is meant.
  if (signedIn.account.id === key.accountId && (await hasAddress(bearer, key.address))) return signedIn
  await endSession(bearer)
  return null
}

const hasAddress = async (bearer: Transport, address: string): Promise<boolean> => {
  const { me } = await fetchWhoAmI(bearer)
  const wanted = canonical(address)
  return (
    me?.identities.some(({ method, subject }) => method === 'email' && canonical(subject) === wanted) === true
  )
}

/** As the server spells it: its domain by A-labels. */
const canonical = (address: string): string => {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, at).toLowerCase()}@${domainToASCII(address.slice(at + 1))}`
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
