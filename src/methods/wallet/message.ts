// The text that a wallet signs: ERC-4361, whose statement says in words what the signature does.
import type { ChallengePurpose, ChallengeTerms } from '../../challenges/challenge.js'
import { assertNever } from '../../failure.js'
import type { CaipAccount } from './caip-account.js'

/** The wallet and handle of a challenge, and the origin of this installation. */
export interface WalletChallengeSubject extends CaipAccount {
  readonly handle: string | null
  /** Such as `https://id.example.org`. */
  readonly publicUrl: string
}

/**
 * What a statement may quote. ERC-4361 allows it only some ASCII characters, so any other name is written in the
 * resources, percent-encoded.
 */
const quotable = /^[\w.-]+$/

const actOf = (purpose: ChallengePurpose, name: string | null): string => {
  switch (purpose) {
    case 'SIGN_IN':
      return name === null ? 'Signs in with this wallet.' : `Signs in as ${name} with this wallet.`
    case 'LINK_IDENTITY':
      return `Adds this wallet to the account of ${name}.`
    case 'STEP_UP':
      return `Confirms that it is still you in the session of ${name}.`
    case 'REGISTER_DEVICE':
    case 'RESET_PASSWORD':
      throw new Error(`no wallet answers a challenge for ${purpose}`)
    default:
      return assertNever(purpose)
  }
}

/** The text to sign, as UTF-8, exactly as given. All of it is ASCII. */
export const composeMessage = (subject: WalletChallengeSubject, terms: ChallengeTerms): string => {
  const { chain, address, handle, publicUrl } = subject
  const name = terms.purpose === 'SIGN_IN' ? handle : terms.accountName
  const isQuoted = name === null || quotable.test(name)
  const act = actOf(terms.purpose, isQuoted ? name : 'the handle in the resources')
  return [
    // Where no scheme is written, https is meant.
    `${publicUrl.startsWith('http:') ? 'http://' : ''}${terms.domain} wants you to sign in with your Ethereum account:`,
    address,
    '',
    `${act} Purpose: ${terms.purpose}.`,
    '',
    `URI: ${publicUrl}`,
    'Version: 1',
    `Chain ID: ${chain.slice('eip155:'.length)}`,
    `Nonce: ${terms.nonce}`,
    `Issued At: ${terms.issuedAt.toISOString()}`,
    `Expiration Time: ${terms.expiresAt.toISOString()}`,
    ...(isQuoted ? [] : ['Resources:', `- ${publicUrl}/?handle=${encodeURIComponent(name)}`]),
  ].join('\n')
}
