// Whether an account is currently an operator.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'
import type { OperatorList } from './operator.js'

/** What `isOperator` works with. */
export interface IsOperatorNeeds {
  readonly identities: Identities
  readonly operators: OperatorList
}

/**
 * True if the setting lists the account's current handle, or an address that it has verified and not unlinked. Former
 * handles do not count. Addresses are read from the database each time.
 */
export const isOperator = async (
  call: Call,
  account: Pick<Account, 'id' | 'handle'>,
  { identities, operators }: IsOperatorNeeds,
): Promise<boolean> => {
  if (account.handle !== null && operators.handles.has(account.handle)) return true
  if (operators.addresses.size === 0) return false
  const addresses = await identities.listAddresses(call, account.id)
  return addresses.some(({ subject }) => operators.addresses.has(subject))
}
