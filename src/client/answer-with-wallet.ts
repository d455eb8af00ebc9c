// The answer of an Ethereum wallet to a challenge.

import { checkWalletText } from './check-wallet-text.js'
import type { Answer, ChallengePurpose } from './proof.js'
import type { Transport } from './transport.js'
import type { WalletSigner } from './wallet.js'

const document = `mutation IssueWalletChallenge($input: ChallengeRequest!, $purpose: ChallengePurpose!) {
  issueChallenge(input: $input, purpose: $purpose) { id message }
}`

/**
 * Requests a challenge for the wallet and lets it sign the text exactly as given; it expires after 30 seconds. Throws
 * `WRONG_CHALLENGE`, without asking the wallet, if the text names anything but this server and request, and what `sign`
 * throws.
 */
export const answerWithWallet = async (
  transport: Transport,
  signer: WalletSigner,
  request: { readonly purpose: ChallengePurpose; readonly handle?: string },
): Promise<Answer> => {
  const { address, chainId } = signer
  const { purpose, handle } = request
  const wallet = { address, chainId, ...(handle === undefined ? {} : { handle }) }
  // Before the challenge: its time runs while its owner reads the text.
  const server = await transport.identify()
  const { issueChallenge: challenge } = await transport.send<{
    issueChallenge: { id: string; message: string }
  }>({ document, variables: { input: { wallet }, purpose } })
  checkWalletText(challenge.message, { server, purpose, address, chainId, handle: handle ?? null })
  return { challengeId: challenge.id, proof: { wallet: { signature: await signer.sign(challenge.message) } } }
}
