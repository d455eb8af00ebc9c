// Writes the notices of an act: one mail to each verified address of the account; a repeated job writes none again.
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import type { AuditEntry } from '../audit/audit-entry.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { Mails } from '../mail/mails.js'
import type { Outbox } from '../outbox/outbox.js'
import type { Random } from '../runtime/random.js'
import type { Sessions } from '../sessions/sessions.js'
import { type ListOperatorAddressesNeeds, listOperatorAddresses } from './list-operator-addresses.js'
import { type Notice, noticeOf } from './notice.js'

/** What `writeNotices` works with. */
export interface WriteNoticesNeeds extends ListOperatorAddressesNeeds {
  readonly accounts: Accounts
  readonly auditLog: AuditLog
  readonly sessions: Sessions
  readonly mails: Mails
  readonly outbox: Outbox
  readonly random: Random
}

/** Writes the mails of an audited act and their jobs; returns their number, 0 if nobody is to be informed. */
export const writeNotices = async (
  call: Call,
  auditEntryId: string,
  needs: WriteNoticesNeeds,
): Promise<number> => {
  // 1 what happened
  const entry = await needs.auditLog.find(call, auditEntryId)
  const notice = entry === null ? undefined : noticeOf[entry.action]
  if (entry === null || notice === undefined) return 0
  // 2 the addresses to inform
  const addresses = await addressesFor(call, { entry, notice }, needs)
  // 3 in one transaction: each mail with its job
  const rows = addresses.flatMap((address) => {
    const mailId = needs.random.uuid()
    return [
      needs.mails.row(call, { id: mailId, kind: 'notice', causeId: entry.id, address }),
      needs.outbox.row(call, mailId, { name: 'send-mail', payload: { mailId } }),
    ]
  })
  if (rows.length === 0) return 0
  try {
    await call.write(...rows)
    return addresses.length
  } catch (error) {
    // An earlier run of this job wrote them.
    if (error instanceof Failure && error.code === 'CONFLICT') return 0
    throw error
  }
}

interface Act {
  readonly entry: AuditEntry
  readonly notice: Notice
}

interface ToldAct extends Act {
  readonly account: Account
}

/** Of an act upon an account the addresses of its owner, of one upon the installation those of the operators. */
const addressesFor = async (
  call: Call,
  { entry, notice }: Act,
  needs: WriteNoticesNeeds,
): Promise<readonly string[]> => {
  const { accountId } = entry
  if (accountId === null) return await listOperatorAddresses(call, needs)
  const account = await needs.accounts.find(call, accountId)
  if (account === null || !(await isWanted(call, { entry, notice, account }, needs))) return []
  // An account that was merged since has no addresses any more; its owner reads those of the survivor.
  return await readersOf(call, { entry, accountId: account.id }, needs)
}

/** A sign-in has a notice if the owner wants one and the device has not been seen before. */
const isWanted = async (
  call: Call,
  { entry, notice, account }: ToldAct,
  needs: WriteNoticesNeeds,
): Promise<boolean> => {
  if (notice.protects) return true
  if (!account.signInNotices || entry.sessionId === null) return false
  const session = await needs.sessions.read(call, entry.sessionId)
  return session !== null && !(await needs.sessions.isKnownDevice(call, session))
}

/**
 * The verified addresses of the account, and one that has just been unlinked from it. The address that has just
 * answered a mail is left out, because its owner knows of the act.
 */
const readersOf = async (
  call: Call,
  { entry, accountId }: { readonly entry: AuditEntry; readonly accountId: string },
  needs: WriteNoticesNeeds,
): Promise<string[]> => {
  const identities = await needs.identities.listAddresses(call, accountId)
  const { identityId, method, subject } = entry.detail
  const answered = entry.action === 'identity.unlinked' ? null : identityId
  const addresses = identities.filter(({ id }) => id !== answered).map((identity) => identity.subject)
  const removed =
    entry.action === 'identity.unlinked' && method === 'email' && typeof subject === 'string' ? [subject] : []
  return [...new Set([...addresses, ...removed])]
}
