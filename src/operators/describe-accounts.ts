// Describes accounts as operators see them: with their verified addresses and how often proofs of them failed.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import type { FailedProofs } from '../identities/failed-proofs.js'
import type { Identities } from '../identities/identities.js'
import { type AccountRecord, mostAddressesShown } from './account-record.js'

/** What `describeAccounts` works with. */
export interface DescribeAccountsNeeds {
  readonly identities: Identities
  readonly failedProofs: FailedProofs
}

/** The records of these accounts, in their order; always two statements. */
export const describeAccounts = async (
  call: Call,
  accounts: readonly Account[],
  { identities, failedProofs }: DescribeAccountsNeeds,
): Promise<AccountRecord[]> => {
  const ids = accounts.map(({ id }) => id)
  const addresses = await identities.listFirstAddresses(call, ids, mostAddressesShown)
  const failed = await failedProofs.count(call, ids)
  return accounts.map((account) => ({
    account,
    addresses: addresses.filter((address) => address.account === account.id),
    failedProofs: failed.get(account.id) ?? 0,
  }))
}
