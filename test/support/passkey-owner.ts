// A person with a passkey in software, who registers it and signs in as a browser does.
import { dataOf } from './calls.js'
import { type SignedIn, signInAsGuest } from './key-owner.js'
import { otherAccountFields } from './merges.js'
import {
  type AuthenticatorTraits,
  type Falsified,
  type PasskeyResponse,
  SoftwareAuthenticator,
} from './software-authenticator.js'
import type { Answer, TestService } from './start-service.js'

const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { id method purpose status message expiresAt } }`
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id kind } secondFactor { id method } tokens { accessToken refreshToken } } }`
const linkQuery = `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) {
  account { id kind } identity { id method methodName issuer subject label } ${otherAccountFields} } }`
const stepUpQuery = 'mutation ($input: SignInInput!) { stepUp(input: $input) { accessToken refreshToken } }'

/** What a ceremony is about. */
export interface CeremonyRequest {
  readonly purpose?: 'SIGN_IN' | 'LINK_IDENTITY' | 'STEP_UP'
  readonly accessToken?: string
  readonly userVerification?: 'PREFERRED' | 'REQUIRED'
}

/** A person with a passkey. */
export class PasskeyOwner {
  readonly authenticator: SoftwareAuthenticator

  constructor(
    private readonly idem: TestService,
    traits: AuthenticatorTraits = {},
    authenticator?: SoftwareAuthenticator,
  ) {
    this.authenticator = authenticator ?? new SoftwareAuthenticator(idem.url, traits)
  }

  /** A person whose passkey is linked to an account that began as a guest. */
  static async registered(
    idem: TestService,
    traits: AuthenticatorTraits = {},
  ): Promise<{ readonly owner: PasskeyOwner; readonly guest: SignedIn }> {
    const owner = new PasskeyOwner(idem, traits)
    const guest = await signInAsGuest(idem)
    dataOf(await owner.link(guest.accessToken))
    return { owner, guest }
  }

  /** Requests a challenge and returns the answer. */
  async tryChallenge({
    purpose = 'SIGN_IN',
    accessToken,
    userVerification,
  }: CeremonyRequest = {}): Promise<Answer> {
    const passkey = userVerification === undefined ? {} : { userVerification }
    const variables = { input: { passkey }, purpose }
    return accessToken === undefined
      ? await this.idem.ask(issueQuery, variables)
      : await this.idem.askAs(accessToken, issueQuery, variables)
  }

  /** Requests a challenge; asserts success. */
  async challenge(
    request: CeremonyRequest = {},
  ): Promise<{ id: string; message: string; expiresAt: string }> {
    return dataOf(await this.tryChallenge(request)).issueChallenge
  }

  /** Registers the passkey with the account of a session. */
  async link(accessToken: string, falsified: Falsified = {}, label?: string): Promise<Answer> {
    const { id, message } = await this.challenge({ purpose: 'LINK_IDENTITY', accessToken })
    return await this.linkWith(accessToken, id, this.authenticator.create(message, falsified), label)
  }

  /** The same with a response. */
  async linkWith(
    accessToken: string,
    challengeId: string,
    response: object,
    label?: string,
  ): Promise<Answer> {
    const input = { challengeId, proof: { passkey: { response } }, ...(label === undefined ? {} : { label }) }
    return await this.idem.askAs(accessToken, linkQuery, { input })
  }

  /** Signs in without a user name. */
  async signIn(falsified: Falsified = {}, request: CeremonyRequest = {}): Promise<Answer> {
    const { id, message } = await this.challenge(request)
    return await this.signInWith(id, this.authenticator.get(message, falsified))
  }

  /** The same with a response. */
  async signInWith(challengeId: string, response: object): Promise<Answer> {
    return await this.idem.ask(signInQuery, { input: { challengeId, proof: { passkey: { response } } } })
  }

  /** Steps up the session. */
  async stepUp(
    accessToken: string,
    falsified: Falsified = {},
    request: CeremonyRequest = {},
  ): Promise<Answer> {
    const { id, message } = await this.challenge({ ...request, purpose: 'STEP_UP', accessToken })
    return await this.stepUpWith(accessToken, id, this.authenticator.get(message, falsified))
  }

  /** The same with a response. */
  async stepUpWith(accessToken: string, challengeId: string, response: object): Promise<Answer> {
    return await this.idem.askAs(accessToken, stepUpQuery, {
      input: { challengeId, proof: { passkey: { response } } },
    })
  }
}

/** A response whose member is another value. */
export const withMember = (response: PasskeyResponse, name: string, value: unknown): PasskeyResponse => ({
  ...response,
  response: { ...response.response, [name]: value },
})
