// Settles the level of an account: two factors once it has a password or a confirmed TOTP, else one.
import { type Account, firstLevelOf } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import type { SecondFactors } from './second-factors.js'

/** What `settleLevel` works with. */
export interface SettleLevelNeeds {
  readonly accounts: Accounts
  readonly secondFactors: SecondFactors
}

/**
 * Computes the level of an account and stores it if it is another one; returns the account with it. To be called in the
 * transaction that has just written or removed a password or a TOTP, with the account locked (`Accounts.lock`), so that
 * two changes cannot compute it from each other's past. Recovery codes end with the last factor for which they stand in.
 */
export const settleLevel = async (
  call: Call,
  account: Account,
  { accounts, secondFactors }: SettleLevelNeeds,
): Promise<Account> => {
  const level = (await secondFactors.isRaised(call, account.id)) ? 'aal2' : firstLevelOf(account.kind)
  if (level !== 'aal2') await secondFactors.removeStandIns(call, account.id)
  if (level !== account.level) await accounts.changeLevel(call, account.id, level)
  return { ...account, level }
}
