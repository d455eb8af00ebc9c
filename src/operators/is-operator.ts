// Whether an account is an operator just now.
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
 * True when the list names the account: by the handle that it has now, for one that it gave up would name it for ever;
 * or by an address that it has verified and not unlinked, which the database is asked for each time.
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
