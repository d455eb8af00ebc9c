// The method `password`: a password of an account, found by handle or address; always one of two proofs (LBRYweb).
import { Field, InputType } from 'type-graphql'
import { type FirstFactor, ownedSecretDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { passwordMethodName } from '../../identities/identity.js'
import { parseLogin } from '../../passwords/login.js'
import { readPassword } from '../../passwords/password.js'
import type { Hashing } from '../../passwords/password-hasher.js'
import type { PasswordOwner, StoredPassword } from '../../passwords/passwords.js'
import type { Attempt, IdentityDefinition, MethodNeeds, ShownIdentity } from '../method.js'
import { passwordForm } from './form.js'

/** The proof of a password. */
@InputType({ description: 'Give a password. A second factor completes it, or it completes another proof.' })
export class PasswordProof {
  @Field(() => String, {
    nullable: true,
    description:
      'The handle or a verified address of the account. Left out where a challenge or the session names the account.',
  })
  login?: string | null

  @Field(() => String, { description: 'The password.' })
  password!: string
}

/**
 * Wrong passwords in a row, over all networks, after which the password is only taken after another proof (NIST SP
 * 800-63B-4 3.2.2). No session and no other method is affected.
 */
export const mostFailures = 100

/** One sentence for every case, so that it tells nobody whether an account exists, or has been attacked. */
const sentence =
  'The login or the password is wrong. After many wrong ones a password is only taken after another proof: sign in with an emailed code, a key or a passkey first.'

const rejected = (reason: string): Failure => new Failure('PROOF_REJECTED', sentence, { reason })

/** Whether the password completes another proof, whose challenge names the account. */
const isSecond = ({ challenge }: Attempt<PasswordProof>): boolean => (challenge?.firstFactor ?? null) !== null

/**
 * Whose password is tried; null if neither the proof nor the attempt says it. The login of a second proof is not used:
 * behind a proof of one account it would try the password of another one, past the limit of that account.
 */
const ownerOf = (attempt: Attempt<PasswordProof>): PasswordOwner | null => {
  const { proof, accountId } = attempt
  if (proof.login != null && !isSecond(attempt)) return parseLogin(proof.login, 'login')
  return accountId === null ? null : { kind: 'account', name: accountId }
}

const requireOwner = (attempt: Attempt<PasswordProof>): PasswordOwner => {
  const owner = ownerOf(attempt)
  if (owner === null)
    throw new Failure('BAD_USER_INPUT', 'Give your handle, or one of your verified email addresses.', {
      field: 'login',
    })
  return owner
}

/** Whether the password alone may be tried: an attempt that completes another proof always may. */
const isTaken = (stored: StoredPassword, attempt: Attempt<PasswordProof>): boolean =>
  stored.failedProofs < mostFailures || isSecond(attempt)

interface Compared {
  /** Null for the hash of nobody. */
  readonly hash: string | null
  readonly password: string
}

/** The hash to keep if the password matches: the same one, or a new one with the current parameters; else null. */
const hashIfMatching = async (hashing: Hashing, { hash, password }: Compared): Promise<string | null> => {
  if (!(await hashing.matches(hash, password)) || hash === null) return null
  return hashing.isCurrent(hash) ? hash : await hashing.hash(password)
}

/** Proves a password. It is set by `setPassword` alone. */
export const passwordMethod: IdentityDefinition<PasswordProof> = {
  kind: 'identity',
  name: passwordMethodName,
  description: 'A password, with a second factor.',
  words: {
    en: { name: 'password', identity: 'the password' },
    de: { name: 'Passwort', identity: 'das Passwort' },
  },
  proof: PasswordProof,
  form: passwordForm,
  needsChallenge: false,
  provisions: null,
  links: false,
  showsSubject: false,

  create: ({ passwords, passwordHasher }: MethodNeeds) => {
    /** What is stored, if the password matches it. The same work whether there is such a password or not. */
    const check = async (call: Call, attempt: Attempt<PasswordProof>): Promise<StoredPassword> => {
      const owner = requireOwner(attempt)
      const password = readPassword(attempt.proof.password, 'password')
      const stored = await passwords.find(call, owner)
      const hash = stored !== null && isTaken(stored, attempt) ? stored.hash : null
      const next = await passwordHasher.inTurn(
        call.source.network,
        async (hashing) => await hashIfMatching(hashing, { hash, password }),
      )
      if (stored === null) throw rejected('no such password')
      if (hash === null) throw rejected(`${stored.failedProofs} wrong passwords in a row`)
      if (next === null) throw rejected('wrong password')
      // Again, so that of many passwords at once hardly more than the limit can be guesses.
      const now = await passwords.find(call, owner)
      if (now === null || !isTaken(now, attempt))
        throw rejected(`${now?.failedProofs ?? 'no'} wrong passwords in a row by now`)
      return { ...stored, hash: next }
    }

    return {
      isGuess({ login, password }: PasswordProof): boolean {
        if (login != null) parseLogin(login, 'login')
        readPassword(password, 'password')
        return true
      },

      about: ({ proof }) =>
        proof.login == null
          ? null
          : { issuer: passwordMethodName, subject: parseLogin(proof.login, 'login').name },

      admit: ({ source }: Call) => passwordHasher.admit(source.network),

      async failedIdentity(call: Call, attempt: Attempt<PasswordProof>) {
        const owner = ownerOf(attempt)
        const stored = owner === null ? null : await passwords.find(call, owner)
        // No account has an empty id.
        return { issuer: passwordMethodName, subject: stored?.accountId ?? '' }
      },

      async challengeAfter(call: Call, accountId: string, first: FirstFactor) {
        if (first.method === passwordMethodName) return null
        const stored = await passwords.find(call, { kind: 'account', name: accountId })
        return stored === null ? null : ownedSecretDraft
      },

      async countTry(call: Call, accountId: string): Promise<void> {
        await passwords.countTry(call, accountId)
      },

      async verify(call: Call, attempt: Attempt<PasswordProof>): Promise<ShownIdentity> {
        const { accountId, hash, version } = await check(call, attempt)
        return {
          issuer: passwordMethodName,
          subject: accountId,
          // RFC 8176: a password.
          amr: ['pwd'],
          acr: 'aal1',
          deviceName: null,
          // A new hash of the same password may come in between, another password not.
          credential: { from: { version }, to: { hash, version } },
          writes: [],
        }
      },
    }
  },
}
