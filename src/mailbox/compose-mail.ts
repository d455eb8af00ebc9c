// Composes a mail each time that it is sent or shown: its text is not stored, and is the same each time.
import type { Call } from '../database/call.js'
import { assertNever } from '../failure.js'
import type { MailContent } from '../mail/content.js'
import type { Mail } from '../mail/mail.js'
import type { MailMessage } from '../mail/mailer.js'
import type { MailTemplates } from '../mail/templates.js'
import {
  type ComposeChallengeMailNeeds,
  composeChallengeMail,
} from '../methods/email/compose-challenge-mail.js'
import { type ComposeNoticeNeeds, composeNotice } from '../notices/compose-notice.js'

/** What `composeMail` works with. */
export interface ComposeMailNeeds extends ComposeChallengeMailNeeds, ComposeNoticeNeeds {
  readonly templates: MailTemplates
}

/** A mail with its text. */
export interface ComposedMail {
  readonly message: MailMessage
  /** False if the mail is of no use any more, because its challenge has expired or was spent. */
  readonly isTimely: boolean
  /** Until when that is so at most; null for ever. */
  readonly timelyUntil: Date | null
}

/** The mail with its text; null if its cause was purged. */
export const composeMail = async (
  call: Call,
  mail: Mail,
  needs: ComposeMailNeeds,
): Promise<ComposedMail | null> => {
  const content = await contentOf(call, mail, needs)
  if (content === null) return null
  const { template, locale, facts, isTimely, timelyUntil } = content
  const messageId = `<${mail.id}@${new URL(needs.publicUrl).hostname}>`
  return {
    message: { ...needs.templates.render(template, locale, facts), messageId, to: mail.address, locale },
    isTimely,
    timelyUntil,
  }
}

const contentOf = async (
  call: Call,
  { kind, causeId }: Mail,
  needs: ComposeMailNeeds,
): Promise<MailContent | null> => {
  switch (kind) {
    case 'challenge':
      return await composeChallengeMail(call, causeId, needs)
    case 'notice':
      return await composeNotice(call, causeId, needs)
    default:
      return assertNever(kind)
  }
}
