// A person with an Ed25519 key, who signs challenges as a client does.
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { otherAccountFields } from './merges.js'
import type { Answer, TestService } from './start-service.js'

/** The result of a sign-in. */
export interface SignedIn {
  readonly accountId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly provisioned: boolean
}

const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { id method purpose status message expiresAt } }`
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id kind handle }
  tokens { accessToken tokenType accessTokenExpiresAt refreshToken refreshTokenExpiresAt sessionExpiresAt } } }`

/** The result of a sign-in; asserts success. */
export const expectSignedIn = (answer: Answer): SignedIn => {
  if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors))
  const { account, tokens, provisioned } = answer.data.signIn
  return {
    accountId: account.id,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    provisioned,
  }
}

/** A person with an Ed25519 key. */
export class KeyOwner {
  readonly privateKey: KeyObject
  readonly publicKey: string

  constructor(
    private readonly idem: TestService,
    privateKeyPem?: string,
  ) {
    this.privateKey =
      privateKeyPem === undefined
        ? generateKeyPairSync('ed25519').privateKey
        : createPrivateKey(privateKeyPem)
    this.publicKey = Buffer.from(String(this.privateKey.export({ format: 'jwk' }).x), 'base64url').toString(
      'base64',
    )
  }

  /** The signature of a message, in base64. */
  sign(message: string): string {
    return sign(null, Buffer.from(message), this.privateKey).toString('base64')
  }

  /** Requests a challenge. */
  async challenge(
    options: { handle?: string; purpose?: string; accessToken?: string } = {},
  ): Promise<{ id: string; message: string; purpose: string; status: string; expiresAt: string }> {
    const { handle, purpose = 'SIGN_IN', accessToken } = options
    const input = { key: { publicKey: this.publicKey, ...(handle === undefined ? {} : { handle }) } }
    const headers: Record<string, string> =
      accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }
    const answer = await this.idem.ask(issueQuery, { input, purpose }, headers)
    if (answer.errors.length > 0) throw new Error(JSON.stringify(answer.errors))
    return answer.data.issueChallenge
  }

  /** The input that answers a challenge. */
  answer(challenge: { id: string; message: string }): {
    challengeId: string
    proof: { key: { signature: string } }
  } {
    return { challengeId: challenge.id, proof: { key: { signature: this.sign(challenge.message) } } }
  }

  /** Signs in and returns the answer. */
  async trySignIn(handle?: string): Promise<Answer> {
    const challenge = await this.challenge(handle === undefined ? {} : { handle })
    return await this.idem.ask(signInQuery, { input: this.answer(challenge) })
  }

  /** Signs in; asserts success. */
  async signIn(handle?: string): Promise<SignedIn> {
    return expectSignedIn(await this.trySignIn(handle))
  }

  /** Links this key to the account of a session. */
  async link(accessToken: string, label?: string): Promise<Answer> {
    return await this.linkBy(
      accessToken,
      await this.challenge({ purpose: 'LINK_IDENTITY', accessToken }),
      label,
    )
  }

  /** The same by a challenge that was asked for before. */
  async linkBy(
    accessToken: string,
    challenge: { id: string; message: string },
    label?: string,
  ): Promise<Answer> {
    return await this.idem.askAs(
      accessToken,
      `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { account { id kind } identity { id method subject label } ${otherAccountFields} } }`,
      { input: { ...this.answer(challenge), ...(label === undefined ? {} : { label }) } },
    )
  }

  /** Steps up the session with this key. */
  async stepUp(accessToken: string): Promise<Answer> {
    const challenge = await this.challenge({ purpose: 'STEP_UP', accessToken })
    return await this.idem.askAs(
      accessToken,
      'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken refreshToken } }',
      { input: this.answer(challenge) },
    )
  }
}

/** A person who has signed in with a key. */
export interface Person extends SignedIn {
  readonly key: KeyOwner
}

/** Signs somebody in with a new key. */
export const signInSomebody = async (idem: TestService, handle?: string): Promise<Person> => {
  const key = new KeyOwner(idem)
  return { key, ...(await key.signIn(handle)) }
}

/** What a guest sends. */
export interface GuestProof {
  readonly deviceName?: string
  readonly deviceSecret?: string
}

/** Signs in as a guest. */
export const trySignInAsGuest = async (idem: TestService, proof: GuestProof = {}): Promise<Answer> =>
  await idem.ask(signInQuery, { input: { proof: { anonymous: proof } } })

/** Signs in as a guest, which must work. */
export const signInAsGuest = async (idem: TestService, proof: GuestProof = {}): Promise<SignedIn> =>
  expectSignedIn(await trySignInAsGuest(idem, proof))
