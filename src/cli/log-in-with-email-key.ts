// The login without a mail, with the key that was made at the first login by mail.

import { domainToASCII } from 'node:url'
import { fetchWhoAmI } from '../client/account.js'
import { IdemError } from '../client/idem-error.js'
import { methodNames } from '../client/method-names.js'
import { type Answer, answerWithKey } from '../client/proof.js'
import { secondFactorIn } from '../client/second-factor.js'
import { type SignedIn, signIn } from '../client/sign-in.js'
import { endSession } from '../client/tokens.js'
import { type Transport, withBearer } from '../client/transport.js'
import { answerSecondFactor } from './answer-second-factor.js'
import { CliError } from './cli-error.js'
import type { EmailKey } from './config.js'
import type { Connection } from './invocation.js'
import { parsePrivateKey } from './private-key.js'
import { sourceWithoutFile } from './unusable-key.js'

/** Signs in with the key; null if it no longer opens its account, or cannot be read. */
export const logInWithEmailKey = async (connection: Connection, key: EmailKey): Promise<SignedIn | null> => {
  const { transport } = connection
  const signedIn = await signInUnlessRejected(connection, key)
  if (signedIn === null) return null
  const bearer = withBearer(transport, signedIn.tokens.accessToken)
  // Without a handle, an unlinked key opens a new account, and an address may belong to another account now. Neither is
  // the account of this key.
  if (signedIn.account.id === key.accountId && (await hasAddress(bearer, key.address))) return signedIn
  await endSession(bearer)
  return null
}

const hasAddress = async (bearer: Transport, address: string): Promise<boolean> => {
  const { me } = await fetchWhoAmI(bearer)
  const wanted = canonical(address)
  return (
    me?.identities.some(
      ({ method, subject }) => method === methodNames.email && canonical(subject) === wanted,
    ) === true
  )
}

/** The server's spelling of an address, with A-labels in the domain. */
const canonical = (address: string): string => {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, at).toLowerCase()}@${domainToASCII(address.slice(at + 1))}`
}

const signInUnlessRejected = async (connection: Connection, key: EmailKey): Promise<SignedIn | null> => {
  const { transport } = connection
  const { privateKey, handle } = key
  try {
    const signer = parsePrivateKey(privateKey, sourceWithoutFile('The key in the config'))
    const wanted = handle === null ? {} : { handle }
    return await signIn(transport, await answerWithKey(transport, signer, { purpose: 'SIGN_IN', ...wanted }))
  } catch (error) {
    const more = secondFactorIn(error)
    if (more !== null) {
      const submit = (answer: Answer): Promise<SignedIn> => signIn(transport, answer)
      return answerSecondFactor(connection, { more, submit })
    }
    const isUseless = error instanceof CliError && error.code.startsWith('KEY_')
    if (isUseless || (error instanceof IdemError && error.code === 'PROOF_REJECTED')) return null
    throw error
  }
}
