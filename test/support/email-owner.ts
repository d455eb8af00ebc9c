// A person with an email address, who reads the mails to it and answers challenges as a client does.
import { dataOf } from './calls.js'
import { expectSignedIn, type SignedIn } from './key-owner.js'
import { codeIn, type Inbox, linkIn, mailsTo } from './mail-reader.js'
import { otherAccountFields } from './merges.js'
import type { Answer, TestService } from './start-service.js'

/** A challenge as its asker sees it. */
export interface EmailChallenge {
  readonly id: string
  readonly status: string
  readonly matchCode: string
  readonly delivery: string
  readonly retryAfterSeconds: number
  readonly expiresAt: string
}

const fields = 'id status matchCode delivery retryAfterSeconds expiresAt'
const issueQuery = `mutation ($input: ChallengeRequest!, $purpose: ChallengePurpose! = SIGN_IN) {
  issueChallenge(input: $input, purpose: $purpose) { ${fields} } }`
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id kind handle }
  tokens { accessToken tokenType accessTokenExpiresAt refreshToken refreshTokenExpiresAt sessionExpiresAt } } }`
const linkQuery = `mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) {
  account { id kind } identity { id method subject } ${otherAccountFields} } }`

/** Headers of a request. */
export type Headers = Readonly<Record<string, string>>

const bearer = (accessToken: string | undefined): Headers =>
  accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }

/** A person with an email address. */
export class EmailOwner {
  constructor(
    readonly idem: TestService,
    readonly inbox: Inbox,
    readonly address: string,
  ) {}

  /** Requests a challenge, with any spelling of the address. */
  async tryChallenge(
    options: { purpose?: string; accessToken?: string; headers?: Headers; spelling?: string } = {},
  ): Promise<Answer> {
    const { purpose = 'SIGN_IN', accessToken, headers, spelling = this.address } = options
    const input = { email: { address: spelling } }
    return await this.idem.ask(issueQuery, { input, purpose }, { ...bearer(accessToken), ...headers })
  }

  /** Requests a challenge; asserts success. */
  async challenge(options: Parameters<EmailOwner['tryChallenge']>[0] = {}): Promise<EmailChallenge> {
    return dataOf(await this.tryChallenge(options)).issueChallenge
  }

  /** The current state of a challenge. */
  async poll(id: string): Promise<EmailChallenge> {
    return dataOf(await this.idem.ask(`query ($id: ID!) { challenge(id: $id) { ${fields} } }`, { id }))
      .challenge
  }

  /** The code of the newest mail, once `count` mails have arrived. */
  async code(count = 1): Promise<string> {
    return codeIn((await mailsTo(this.inbox, this.address, count))[0]?.text ?? '')
  }

  /** The link of the newest mail, once `count` mails have arrived. */
  async link(count = 1): Promise<string> {
    return linkIn((await mailsTo(this.inbox, this.address, count))[0]?.text ?? '')
  }

  /** Answers a challenge; without a code if its link was confirmed. */
  async trySignIn(challengeId: string, code?: string): Promise<Answer> {
    const email = code === undefined ? {} : { code }
    return await this.idem.ask(signInQuery, { input: { challengeId, proof: { email } } })
  }

  /** Requests a challenge, reads the mail, signs in. `mails`: the number of mails to the address, this one included. */
  async signIn(mails = 1, headers: Headers = {}): Promise<SignedIn> {
    const { id } = await this.challenge({ headers })
    return expectSignedIn(await this.trySignIn(id, await this.code(mails)))
  }

  /** Links the address to the account of a session. */
  async tryLink(accessToken: string, mails = 1): Promise<Answer> {
    const { id } = await this.challenge({ purpose: 'LINK_IDENTITY', accessToken })
    const input = { challengeId: id, proof: { email: { code: await this.code(mails) } } }
    return await this.idem.askAs(accessToken, linkQuery, { input })
  }
}

/** Opens the page of a link. */
export const openLink = async (link: string, method = 'GET'): Promise<Response> =>
  await fetch(link, { method })

/** Presses the button of the page of a link; without a match code where none is given. */
export const pressButton = async (link: string, matchCode?: string): Promise<Response> => {
  const url = new URL(link)
  const form = new URLSearchParams({ token: url.searchParams.get('token') ?? '' })
  if (matchCode !== undefined) form.set('matchCode', matchCode)
  return await fetch(new URL('/confirm', url), { method: 'POST', body: form })
}

/** A code of the right form that is not `code`. */
export const otherCode = (code: string): string => (code.startsWith('A') ? 'C' : 'A') + code.slice(1)
