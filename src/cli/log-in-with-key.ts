// The whole login with a private key: challenge, signature, session.

import { answerWithKey } from '../client/proof.js'
import type { SignedIn } from '../client/sign-in.js'
import { finishLogin } from './finish-login.js'
import type { GivenKey } from './given-key.js'
import type { Connection } from './invocation.js'
import { signInWithAnswer } from './two-step-sign-in.js'

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
  const { publicKey } = signer
  const keep = (signedIn: SignedIn): Promise<void> => {
    const { id: accountId, handle: ownHandle } = signedIn.account
    const login = { method: 'key', accountId, publicKey, privateKeyFile: file, handle: ownHandle } as const
    return finishLogin(connection, signedIn, { login })
  }
  await signInWithAnswer(connection, answer, keep)
}
