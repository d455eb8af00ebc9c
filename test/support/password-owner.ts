// A person with a key, an address and a password, who signs in as a client does.
import { newIdentity } from '../../src/identities/identity.js'
import { systemRandom } from '../../src/runtime/random.js'
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

/** Gives a password as a proof: the first one, or the answer to a challenge. */
export const tryPassword = async (
  idem: TestService,
  proof: { readonly login?: string | null; readonly password: string },
  challengeId?: string,
): Promise<Answer> => await idem.ask(signInQuery, { input: { challengeId, proof: { password: proof } } })

let people = 0

/** Gives an account a verified address, without a mail. */
export const giveAddress = async (idem: TestService, accountId: string, address: string): Promise<void> => {
  const { identities, ownCall } = idem.foundation
  const call = ownCall()
  const proven = { method: 'email', issuer: 'email', subject: address }
  const facts = { account: accountId, ...proven, label: null, credential: null, createdAt: call.now }
  await call.write(identities.row(newIdentity({ id: systemRandom.uuid(), ...facts })))
}

/** A person with a key, an address and a password. */
export class PasswordOwner {
  /** Mails to the address so far. */
  mails = 0

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
    await giveAddress(idem, session.accountId, email.address)
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
