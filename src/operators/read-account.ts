// Reads an account as operators see it.
import type { Accounts } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { AccountRecord } from './account-record.js'
import { type DescribeAccountsNeeds, describeAccounts } from './describe-accounts.js'

/** What reading accounts works with. */
export interface ReadAccountNeeds extends DescribeAccountsNeeds {
  readonly accounts: Accounts
}

/** The account to which this id leads, also a deleted one; `NOT_FOUND` when there is none. */
export const readAccount = async (
  call: Call,
  id: string,
  needs: ReadAccountNeeds,
): Promise<AccountRecord> => {
  const { accounts } = await needs.accounts.list(call, { range: null, id, first: 1, after: null })
  const [record] = await describeAccounts(call, accounts, needs)
  if (record === undefined) throw new Failure('NOT_FOUND', 'No such account.')
  return record
}
