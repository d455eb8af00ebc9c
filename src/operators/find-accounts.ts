// Finds accounts for an operator: all, or those that match a handle, an address or the beginning of an id.
import type { AccountFilter } from '../accounts/accounts.js'
import { parseHandle } from '../accounts/handle.js'
import type { Handles } from '../accounts/handles.js'
import type { Call } from '../database/call.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import { parseAddress } from '../mail/address.js'
import { emailMethodName } from '../methods/email/method.js'
import type { AccountRecord } from './account-record.js'
import { describeAccounts } from './describe-accounts.js'
import type { ReadAccountNeeds } from './read-account.js'

/** The search, and the page of its result. */
export interface AccountQuery {
  readonly first: number
  /** Null: from the newest. */
  readonly after: string | null
  /** Null: every account. */
  readonly search: string | null
}

/** What `findAccounts` works with. */
export interface FindAccountsNeeds extends ReadAccountNeeds {
  readonly handles: Handles
  readonly provenIdentities: ProvenIdentities
}

/** A page of accounts, newest first. */
export interface AccountRecordsPage {
  readonly records: readonly AccountRecord[]
  readonly hasNextPage: boolean
}

/** The accounts of a page. `BAD_USER_INPUT` for a search that can match nothing. */
export const findAccounts = async (
  call: Call,
  query: AccountQuery,
  needs: FindAccountsNeeds,
): Promise<AccountRecordsPage> => {
  const filter = await filterOf(call, query.search, needs)
  const { accounts, hasNextPage } = await needs.accounts.list(call, { ...query, ...filter })
  return { records: await describeAccounts(call, accounts, needs), hasNextPage }
}

const lowestId = '00000000-0000-0000-0000-000000000000'
const highestId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const everyAccount: AccountFilter = { range: { from: lowestId, to: highestId }, id: null }

const filterOf = async (
  call: Call,
  search: string | null,
  needs: FindAccountsNeeds,
): Promise<AccountFilter> => {
  const text = search?.trim() ?? ''
  if (text === '') return everyAccount
  if (text.includes('@')) {
    const subject = parseAddress(text, 'search')
    const proven = { method: emailMethodName, issuer: emailMethodName, subject }
    const { found } = await needs.provenIdentities.lookUp(call, proven, null)
    return { range: null, id: found?.account.id ?? null }
  }
  const range = rangeOf(text.toLowerCase())
  // The beginning of an id can also be a handle; it is ASCII, so it is in canonical form.
  const handle = range === null ? parseHandle(text, 'search') : text.toLowerCase()
  return { range, id: await needs.handles.findOwner(call, handle) }
}

/** The range of ids with this beginning; null if there can be none. */
const rangeOf = (beginning: string): AccountFilter['range'] => {
  if (beginning.length > lowestId.length) return null
  const range = {
    from: `${beginning}${lowestId.slice(beginning.length)}`,
    to: `${beginning}${highestId.slice(beginning.length)}`,
  }
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(range.from) ? range : null
}
