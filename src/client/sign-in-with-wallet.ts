// Signs in by an Ethereum wallet of the browser, which `discoverWallets` has found.

import { answerWithWallet } from './answer-with-wallet.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'
import { connectWallet, type EthereumProvider } from './wallet.js'

/**
 * An unknown wallet registers, with the handle if one is given. `WALLET_REFUSED` if its owner declines;
 * `WRONG_CHALLENGE`, without asking for a signature, if the text names anything but this server and request.
 */
export const signInWithWallet = async (
  transport: Transport,
  provider: EthereumProvider,
  handle: string | null = null,
): Promise<SignedIn> => {
  const request = { purpose: 'SIGN_IN', ...(handle === null ? {} : { handle }) } as const
  return await signIn(transport, await answerWithWallet(transport, await connectWallet(provider), request))
}
