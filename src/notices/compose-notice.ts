// Composes the mail of a notice from its audit entry.
import type { Accounts } from '../accounts/accounts.js'
import type { Handles } from '../accounts/handles.js'
import type { AuditEntry } from '../audit/audit-entry.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { MailContent } from '../mail/content.js'
import { isLocale, type Locale, locales } from '../mail/locale.js'
import {
  deviceInWords,
  disabledInWords,
  identityInWords,
  type MethodVocabulary,
  methodInWords,
  timeInWords,
} from '../mail/words.js'
import { cancelTokenOf } from '../password-resets/cancel-token.js'
import { trustedDeviceNameOf } from '../sessions/device-name.js'
import type { Sessions } from '../sessions/sessions.js'
import type { KeyRing } from '../tokens/key-ring.js'
import { noticeOf } from './notice.js'

/** What `composeNotice` works with. */
export interface ComposeNoticeNeeds {
  readonly accounts: Accounts
  readonly handles: Handles
  readonly auditLog: AuditLog
  readonly sessions: Sessions
  readonly vocabulary: MethodVocabulary
  readonly keyRing: KeyRing
  /** The beginning of links, independent of the `Host` of requests. */
  readonly publicUrl: string
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The facts of a reset that waits: from when it can be completed, and the link that cancels it. */
const resetFacts = (
  detail: Readonly<Record<string, unknown>>,
  locale: Locale,
  { keyRing, publicUrl }: ComposeNoticeNeeds,
): Readonly<Record<string, string>> => {
  const [id, availableAt] = [textOf(detail['resetId']), textOf(detail['availableAt'])]
  if (availableAt === '') return {}
  return {
    available: timeInWords(new Date(availableAt), locale),
    link: `${publicUrl}/cancel-reset?token=${cancelTokenOf(id, keyRing)}`,
  }
}

/** How the account is called, and the language of its owner. */
interface ToldAccount {
  readonly name: string
  readonly locale: Locale
}

/** An act upon the installation concerns no account; operators read the first language. */
const nobody: ToldAccount = { name: '', locale: locales[0] }

/**
 * The account of an act. Of a deleted one only its deletion is told, in the language that the entry names; null for
 * other acts of it.
 */
const toldAccountOf = async (
  call: Call,
  { action, detail }: AuditEntry,
  { accountId, needs }: { readonly accountId: string; readonly needs: ComposeNoticeNeeds },
): Promise<ToldAccount | null> => {
  const account = await needs.accounts.find(call, accountId)
  if (account !== null) return { name: account.handle ?? account.id, locale: account.locale ?? locales[0] }
  if (action !== 'account.deleted') return null
  const locale = textOf(detail['locale'])
  const name = (await needs.handles.findFormer(call, accountId)) ?? accountId
  return { name, locale: isLocale(locale) ? locale : locales[0] }
}

/** The content of a notice's mail; null if the audit entry or the account no longer exists. */
export const composeNotice = async (
  call: Call,
  auditEntryId: string,
  needs: ComposeNoticeNeeds,
): Promise<MailContent | null> => {
  const entry = await needs.auditLog.find(call, auditEntryId)
  const notice = entry === null ? undefined : noticeOf[entry.action]
  if (entry === null || notice === undefined) return null
  const { accountId } = entry
  const told = accountId === null ? nobody : await toldAccountOf(call, entry, { accountId, needs })
  if (told === null) return null
  const session = entry.sessionId === null ? null : await needs.sessions.read(call, entry.sessionId)
  const { name, locale } = told
  const due = textOf(entry.detail['dueAt'])
  const method = textOf(entry.detail['method'])
  const subject = textOf(entry.detail['subject'])
  const device = session?.device ?? (textOf(entry.detail['device']) || null)
  const { left } = entry.detail
  return {
    template: notice.template,
    locale,
    isTimely: true,
    timelyUntil: null,
    facts: {
      account: name,
      method: methodInWords(needs.vocabulary, method, locale),
      what: identityInWords(needs.vocabulary, { method, subject }, locale),
      key: textOf(entry.detail['publicKey']),
      device: deviceInWords(device && trustedDeviceNameOf(device), locale),
      address: entry.address,
      left: typeof left === 'number' ? left : '',
      time: timeInWords(entry.at, locale),
      due: due === '' ? '' : timeInWords(new Date(due), locale),
      endpoint: textOf(entry.detail['endpoint']),
      reason: disabledInWords(textOf(entry.detail['because']), locale),
      ...resetFacts(entry.detail, locale, needs),
    },
  }
}
