// Reads an account as operators see it.
import type { Accounts } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'
import { type AccountRecord, mostAddressesShown } from './account-record.js'

/** What reading accounts works with. */
export interface ReadAccountNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
}

/** The account with this id; `NOT_FOUND` when there is none. */
export const readAccount = async (
  call: Call,
  id: string,
  { accounts, identities }: ReadAccountNeeds,
): Promise<AccountRecord> => ({
  account: await accounts.get(call, id),
  addresses: await identities.listFirstAddresses(call, [id], mostAddressesShown),
})
