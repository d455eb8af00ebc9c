// An authenticator with one test passkey, as a browser would drive it.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { dataOf } from '../calls.js'
import { signInAsGuest } from '../key-owner.js'
import type { Answer, TestService } from '../start-service.js'
import { signedText, type TestPasskeyProof } from './method.js'

const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { id message } }`
const linkQuery = `mutation ($input: LinkIdentityInput!) {
  linkIdentity(input: $input) { account { id kind } identity { id method } } }`

/** One credential and its counter. */
export class Authenticator {
  readonly credentialId = randomBytes(16).toString('base64url')
  readonly #keys = generateKeyPairSync('ed25519')
  counter = 0

  constructor(private readonly idem: TestService) {}

  /** An authenticator whose credential is linked to an account of its own. */
  static async registered(idem: TestService): Promise<Authenticator> {
    const authenticator = new Authenticator(idem)
    const guest = await signInAsGuest(idem)
    dataOf(await authenticator.link(guest.accessToken))
    return authenticator
  }

  /** The answer to a ceremony; each one counts. */
  answer(message: string, options: { readonly registers?: true } = {}): TestPasskeyProof {
    this.counter += 1
    const unsigned = { credentialId: this.credentialId, counter: this.counter, signature: '' }
    const signature = sign(null, Buffer.from(signedText(message, unsigned)), this.#keys.privateKey)
    const publicKey = this.#keys.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    return {
      ...unsigned,
      signature: signature.toString('base64'),
      ...(options.registers ? { publicKey } : {}),
    }
  }

  /** The options of a ceremony, and the id that the answer goes back with. */
  async ask(
    options: {
      readonly purpose?: string
      readonly accessToken?: string
      readonly userVerification?: true
    } = {},
  ): Promise<{ readonly id: string; readonly message: string }> {
    const { purpose = 'SIGN_IN', accessToken, userVerification = false } = options
    const variables = { input: { testPasskey: { userVerification } }, purpose }
    const answer =
      accessToken === undefined
        ? await this.idem.ask(issueQuery, variables)
        : await this.idem.askAs(accessToken, issueQuery, variables)
    return dataOf(answer).issueChallenge
  }

  /** Registers the credential by linking it to the account of a session. */
  async link(accessToken: string): Promise<Answer> {
    const { id, message } = await this.ask({ purpose: 'LINK_IDENTITY', accessToken })
    const proof = { testPasskey: this.answer(message, { registers: true }) }
    return await this.idem.askAs(accessToken, linkQuery, { input: { challengeId: id, proof } })
  }
}
