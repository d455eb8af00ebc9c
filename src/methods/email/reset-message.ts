// The text that a registered device signs to reset a password. It names the address, because until the code of the mail
// is known the asker must not learn to which account the address leads, or whether it leads to any.
import type { ChallengeTerms } from '../../challenges/challenge.js'

/** The text to sign, as UTF-8, exactly as given. */
export const composeResetMessage = (address: string, terms: ChallengeTerms): string =>
  [
    `${terms.domain} asks you to sign this with the key of a registered device.`,
    '',
    `Sets a new password for the account with the address ${address}.`,
    '',
    `Domain: ${terms.domain}`,
    `Purpose: ${terms.purpose}`,
    `Address: ${address}`,
    `Nonce: ${terms.nonce}`,
    `Issued at: ${terms.issuedAt.toISOString()}`,
    `Expires at: ${terms.expiresAt.toISOString()}`,
  ].join('\n')
