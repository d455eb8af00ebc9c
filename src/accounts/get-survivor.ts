// Follows an id to the account of today: an absorbed id leads to its survivor, for ever; any other to itself.
import type { Call } from '../database/call.js'
import type { Throttle } from '../throttle/throttle.js'
import type { Account } from './account.js'
import type { Accounts } from './accounts.js'

/** What `getSurvivor` works with. */
export interface GetSurvivorNeeds {
  readonly accounts: Accounts
  readonly throttle: Throttle
}

/**
 * The account to which an id leads now. `NOT_FOUND` if it never led to one, or that one was deleted. `RATE_LIMITED`
 * after too many questions of one network.
 */
export const getSurvivor = async (call: Call, id: string, needs: GetSurvivorNeeds): Promise<Account> => {
  await needs.throttle.count(call, 'askAlias', null)
  return await needs.accounts.get(call, id)
}
