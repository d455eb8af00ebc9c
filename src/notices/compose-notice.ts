// Composes the mail of a notice from its audit entry.
import type { Accounts } from '../accounts/accounts.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { MailContent } from '../mail/content.js'
import { type Locale, locales } from '../mail/locale.js'
import {
  deviceInWords,
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

/** The content of a notice's mail; null if the audit entry or the account no longer exists. */
export const composeNotice = async (
  call: Call,
  auditEntryId: string,
  needs: ComposeNoticeNeeds,
): Promise<MailContent | null> => {
  const entry = await needs.auditLog.find(call, auditEntryId)
  const notice = entry === null ? undefined : noticeOf[entry.action]
  if (entry === null || entry.accountId === null || notice === undefined) return null
  const account = await needs.accounts.find(call, entry.accountId)
  if (account === null) return null
  const session = entry.sessionId === null ? null : await needs.sessions.read(call, entry.sessionId)
  const locale = account.locale ?? locales[0]
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
      account: account.handle ?? account.id,
      method: methodInWords(needs.vocabulary, method, locale),
      what: identityInWords(needs.vocabulary, { method, subject }, locale),
      key: textOf(entry.detail['publicKey']),
      device: deviceInWords(device && trustedDeviceNameOf(device), locale),
      address: entry.address,
      left: typeof left === 'number' ? left : '',
      time: timeInWords(entry.at, locale),
      ...resetFacts(entry.detail, locale, needs),
    },
  }
}
