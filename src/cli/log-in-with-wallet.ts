// The whole login with the key of an Ethereum account: challenge, signature, session.

import { answerWithWallet } from '../client/answer-with-wallet.js'
import type { SignedIn } from '../client/sign-in.js'
import { finishLogin } from './finish-login.js'
import type { GivenWallet } from './given-wallet.js'
import type { Connection } from './invocation.js'
import { signInWithAnswer } from './two-step-sign-in.js'

/** Signs in; the first use of a wallet creates an account with the handle. */
export const logInWithWallet = async (
  connection: Connection,
  { signer, file }: GivenWallet,
  handle: string | null,
): Promise<void> => {
  const { transport, url, output, config } = connection
  const { address, chainId } = signer
  await config.check()
  output.progress(`Signing in at ${url} with the wallet ${address} (chain ${chainId})`)
  const wanted = handle === null ? {} : { handle }
  const answer = await answerWithWallet(transport, signer, { purpose: 'SIGN_IN', ...wanted })
  const keep = (signedIn: SignedIn): Promise<void> => {
    const { id: accountId, handle: ownHandle } = signedIn.account
    const wallet = { address, chainId, walletKeyFile: file, handle: ownHandle }
    return finishLogin(connection, signedIn, { login: { method: 'wallet', accountId, ...wallet } })
  }
  await signInWithAnswer(connection, answer, keep)
}
