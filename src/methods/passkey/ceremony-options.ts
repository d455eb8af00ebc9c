// The options of a ceremony as JSON (WebAuthn level 3, 5.1.9 and 5.1.10), and the challenge in them.
import { createHash } from 'node:crypto'
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import type { ChallengeTerms } from '../../challenges/challenge.js'
import { acceptedAlgorithms } from './public-key.js'

/** A passkey that a ceremony names. */
export interface NamedPasskey {
  readonly id: string
  readonly transports: readonly string[]
}

/** What both ceremonies have. */
export interface CeremonyOptions {
  readonly rpId: string
  readonly userVerification: 'preferred' | 'required'
  /** The passkeys of the account. */
  readonly passkeys: readonly NamedPasskey[]
}

/**
 * What a response answers, in words; browsers ignore it. The challenge is its hash, so that a signature is bound to the
 * purpose, the account and the time, too.
 */
const spokenTerms = ({ purpose, domain, nonce, issuedAt, expiresAt, accountName }: ChallengeTerms) => ({
  domain,
  purpose,
  ...(accountName === null ? {} : { account: accountName }),
  nonce,
  issuedAt: issuedAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
})

const challengeOf = (terms: ChallengeTerms): string =>
  createHash('sha256')
    .update(JSON.stringify(spokenTerms(terms)))
    .digest('base64url')

const timeoutOf = ({ issuedAt, expiresAt }: ChallengeTerms): number =>
  expiresAt.getTime() - issuedAt.getTime()

/** Longest list of ids in characters, because the asker keeps the message in the challenge's id. */
const longestList = 8_192

/** The list; empty if it is too long. Then the authenticator offers all, and refusing is up to us. */
const bounded = (passkeys: readonly NamedPasskey[]) => {
  const length = passkeys.reduce((sum, { id }) => sum + id.length, 0)
  if (length > longestList) return []
  return passkeys.map(({ id, transports }) => ({
    type: 'public-key' as const,
    id,
    transports: [...transports],
  }))
}

/**
 * The options with which a browser makes a passkey that is found without a user name. With the members by which it
 * proves one that exists instead (`navigator.credentials.get`), which a registration ignores: one of another account is
 * proven, not registered.
 */
export const composeCreationOptions = (
  options: CeremonyOptions & { readonly userHandle: string },
  terms: ChallengeTerms,
): string => {
  const { rpId, userVerification, passkeys, userHandle } = options
  const name = terms.accountName ?? ''
  const publicKey: PublicKeyCredentialCreationOptionsJSON = {
    rp: { id: rpId, name: terms.domain },
    user: { id: userHandle, name, displayName: name },
    challenge: challengeOf(terms),
    pubKeyCredParams: acceptedAlgorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: timeoutOf(terms),
    excludeCredentials: bounded(passkeys),
    // `requireResidentKey` is for browsers of level 1.
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification },
    attestation: 'none',
  }
  const proving = { rpId, userVerification, allowCredentials: [] }
  return JSON.stringify({ ...publicKey, ...proving, terms: spokenTerms(terms) })
}

/** The options with which a browser proves a passkey: one of the account, or any if none is named. */
export const composeRequestOptions = (
  { rpId, userVerification, passkeys }: CeremonyOptions,
  terms: ChallengeTerms,
): string => {
  const publicKey: PublicKeyCredentialRequestOptionsJSON = {
    rpId,
    challenge: challengeOf(terms),
    timeout: timeoutOf(terms),
    allowCredentials: bounded(passkeys),
    userVerification,
  }
  return JSON.stringify({ ...publicKey, terms: spokenTerms(terms) })
}

/** The challenge in the message of one of our challenges, as a response must repeat it. */
export const challengeIn = (message: string): string => {
  // Only the functions above compose messages of this method.
  const { challenge } = JSON.parse(message) as { readonly challenge: string }
  return challenge
}
