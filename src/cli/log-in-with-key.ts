// The whole login with a private key: challenge, signature, session.

import { answerWithKey } from '../client/proof.js'
import { signIn } from '../client/sign-in.js'
import { finishLogin } from './finish-login.js'
import type { GivenKey } from './given-key.js'
import type { Connection } from './invocation.js'

/** Signs in; the first use of a key creates an account with the handle. */
export const logInWithKey = async (
  connection: Connection,
  { signer, file }: GivenKey,
  handle: string | null,
): Promise<void> => {
  const { transport, url, output, config } = connection
  await config.check()
  output.progress(`Signing in at ${url} with the public key ${signer.publicKey}`)
  const wanted = handle === null ? {} : { handle }
  const answer = await answerWithKey(transport, signer, { purpose: 'SIGN_IN', ...wanted })
  const signedIn = await signIn(transport, answer)
  const { id: accountId, handle: ownHandle } = signedIn.account
  const { publicKey } = signer
  const login = { method: 'key', accountId, publicKey, privateKeyFile: file, handle: ownHandle } as const
  await finishLogin(connection, signedIn, { login })
}
