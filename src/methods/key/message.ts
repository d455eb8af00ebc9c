// The text that a key signs, which says in words what the signature does.
import type { ChallengePurpose, ChallengeTerms } from '../../challenges/challenge.js'
import { assertNever } from '../../failure.js'

/** The key and handle of a key challenge. */
export interface KeyChallengeSubject {
  readonly publicKey: string
  readonly handle: string | null
}

const actOf = (purpose: ChallengePurpose, handle: string | null, accountName: string | null): string => {
  switch (purpose) {
    case 'SIGN_IN':
      return handle === null ? 'Signs in with this key.' : `Signs in as ${handle} with this key.`
    case 'LINK_IDENTITY':
      return `Adds this key to the account of ${accountName}.`
    case 'STEP_UP':
      return `Confirms that it is still you in the session of ${accountName}.`
    case 'REGISTER_DEVICE':
      return `Registers this key as a device of the account of ${accountName}. A device signs resets of its password.`
    case 'RESET_PASSWORD':
      throw new Error('a reset of a password is asked for by email')
    default:
      return assertNever(purpose)
  }
}

/** The text to sign, as UTF-8, exactly as given. */
export const composeMessage = ({ publicKey, handle }: KeyChallengeSubject, terms: ChallengeTerms): string =>
  [
    `${terms.domain} asks you to sign this with your Ed25519 key.`,
    '',
    actOf(terms.purpose, handle, terms.accountName),
    '',
    `Domain: ${terms.domain}`,
    `Purpose: ${terms.purpose}`,
    ...(handle === null ? [] : [`Handle: ${handle}`]),
    `Public key: ${publicKey}`,
    `Nonce: ${terms.nonce}`,
    `Issued at: ${terms.issuedAt.toISOString()}`,
    `Expires at: ${terms.expiresAt.toISOString()}`,
  ].join('\n')
