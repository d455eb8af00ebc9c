// A person with a key, an address and a password, who signs in as a client does.
import { dataOf } from './calls.js'
import { EmailOwner } from './email-owner.js'
import { expectSignedIn, KeyOwner, type SignedIn } from './key-owner.js'
import type { Inbox } from './mail-reader.js'
import type { Answer, TestService } from './start-service.js'

const setQuery = 'mutation ($input: SetPasswordInput!) { setPassword(input: $input) { id handle } }'
const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  provisioned account { id kind handle } tokens { accessToken refreshToken }
  secondFactor { id method methods purpose } } }`

/** Sets the password of an account. */
export const trySetPassword = async (
  idem: TestService,
  accessToken: string,
  newPassword: string,
): Promise<Answer> => await idem.askAs(accessToken, setQuery, { input: { newPassword } })

/** The first proof of a sign-in by password, from a network of its own if one is given. */
export const tryPassword = async (
  idem: TestService,
  proof: { readonly login?: string | null; readonly password: string },
  challengeId?: string,
): Promise<Answer> => await idem.ask(signInQuery, { input: { challengeId, proof: { password: proof } } })

let people = 0

/** A person with a key, an address and a password. */
export class PasswordOwner {
  /** Mails to the address so far. */
  mails = 1

  private constructor(
    readonly idem: TestService,
    readonly key: KeyOwner,
    readonly email: EmailOwner,
    readonly handle: string,
    /** Set by `setPassword`. */
    public password: string,
    /** The session in which all was set up, of one factor. */
    readonly session: SignedIn,
  ) {}

  /** Makes one, with a password unless it is null. */
  static async create(
    idem: TestService,
    inbox: Inbox,
    password: string | null = 'three brown foxes',
  ): Promise<PasswordOwner> {
    people += 1
    const handle = `walker.${people}.${Math.trunc(idem.clock.now().getTime() % 1e9)}`
    const key = new KeyOwner(idem)
    const session = await key.signIn(handle)
    const email = new EmailOwner(idem, inbox, `${handle}@example.com`)
    dataOf(await email.tryLink(session.accessToken))
    const owner = new PasswordOwner(idem, key, email, handle, password ?? '', session)
    if (password !== null) dataOf(await trySetPassword(idem, session.accessToken, password))
    return owner
  }

  /** The first proof: the challenge of the second factor. */
  async begin(login = this.handle): Promise<{ id: string; method: string; methods: string[] }> {
    const { signIn } = dataOf(await tryPassword(this.idem, { login, password: this.password }))
    return signIn.secondFactor
  }

  /** The emailed code that completes it. */
  async complete(challengeId: string): Promise<Answer> {
    this.mails += 1
    return await this.email.trySignIn(challengeId, await this.email.code(this.mails))
  }

  /** Both proofs: a session of two factors. */
  async signIn(login = this.handle): Promise<SignedIn> {
    return expectSignedIn(await this.complete((await this.begin(login)).id))
  }
}
