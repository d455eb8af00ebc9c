// An account as its operators see it.
import type { Account } from '../accounts/account.js'
import type { Identity } from '../identities/identity.js'

/** An account with the first of its verified addresses, oldest first. */
export interface AccountRecord {
  readonly account: Account
  readonly addresses: readonly Identity[]
  /** The number of failed proofs of its identities since the last valid one of each. */
  readonly failedProofs: number
}

/** Limit of addresses per account, because a page has a hundred accounts. Further ones are found by searching. */
export const mostAddressesShown = 3
