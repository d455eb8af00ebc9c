// An account as its operators see it.
import type { Account } from '../accounts/account.js'
import type { Identity } from '../identities/identity.js'

/** An account with the first of its verified addresses, oldest first. */
export interface AccountRecord {
  readonly account: Account
  readonly addresses: readonly Identity[]
  /** Proofs of its identities that failed since the last one of the same identity that held. */
  readonly failedProofs: number
}

/** A page has a hundred accounts; whoever wants to know one account's further addresses searches for them. */
export const mostAddressesShown = 3
