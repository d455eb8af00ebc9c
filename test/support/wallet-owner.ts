// A person with an Ethereum wallet, who signs challenges as a client does.
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { expectSignedIn, type SignedIn } from './key-owner.js'
import type { Answer, TestService } from './start-service.js'

const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { id message expiresAt } }`
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id kind handle } tokens { accessToken refreshToken } } }`

/** A challenge as its asker gets it. */
export interface IssuedChallenge {
  readonly id: string
  readonly message: string
  readonly expiresAt: string
}

/** What a test may ask for beside the wallet's own address and chain. */
export interface AskedOptions {
  readonly handle?: string
  readonly purpose?: string
  readonly accessToken?: string
}

/** Asks for a challenge of any address and chain. */
export const askForWalletChallenge = async (
  idem: TestService,
  { address, chainId }: { readonly address: string; readonly chainId: string },
  { handle, purpose = 'SIGN_IN', accessToken }: AskedOptions = {},
): Promise<Answer> => {
  const input = { wallet: { address, chainId, ...(handle === undefined ? {} : { handle }) } }
  const headers: Record<string, string> =
    accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }
  return await idem.ask(issueQuery, { input, purpose }, headers)
}

/** Answers a challenge with a signature. */
export const signInWithSignature = async (
  idem: TestService,
  challengeId: string,
  signature: string,
): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { challengeId, proof: { wallet: { signature } } } })

/** A person with a wallet whose key is in this process. */
export class WalletOwner {
  readonly account: PrivateKeyAccount

  constructor(
    private readonly idem: TestService,
    readonly privateKey: `0x${string}` = generatePrivateKey(),
    readonly chainId = 'eip155:1',
  ) {
    this.account = privateKeyToAccount(privateKey)
  }

  /** With its checksum. */
  get address(): string {
    return this.account.address
  }

  /** Requests a challenge; asserts success. */
  async challenge(options: AskedOptions = {}): Promise<IssuedChallenge> {
    const answer = await askForWalletChallenge(this.idem, this, options)
    if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors))
    return answer.data.issueChallenge
  }

  /** The signature of a text by `personal_sign`. */
  async sign(message: string): Promise<`0x${string}`> {
    return await this.account.signMessage({ message })
  }

  /** The input that answers a challenge. */
  async answer({ id, message }: IssuedChallenge): Promise<object> {
    return { challengeId: id, proof: { wallet: { signature: await this.sign(message) } } }
  }

  /** Signs in and returns the answer. */
  async trySignIn(handle?: string): Promise<Answer> {
    const challenge = await this.challenge(handle === undefined ? {} : { handle })
    return await signInWithSignature(this.idem, challenge.id, await this.sign(challenge.message))
  }

  /** Signs in; asserts success. */
  async signIn(handle?: string): Promise<SignedIn> {
    return expectSignedIn(await this.trySignIn(handle))
  }

  /** Links this wallet to the account of a session. */
  async link(accessToken: string): Promise<Answer> {
    const input = await this.answer(await this.challenge({ purpose: 'LINK_IDENTITY', accessToken }))
    return await this.idem.askAs(
      accessToken,
      'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id kind } identity { id method issuer subject } } }',
      { input },
    )
  }

  /** Steps up the session with this wallet. */
  async stepUp(accessToken: string): Promise<Answer> {
    const input = await this.answer(await this.challenge({ purpose: 'STEP_UP', accessToken }))
    return await this.idem.askAs(
      accessToken,
      'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken refreshToken } }',
      { input },
    )
  }
}
