// Shows a mail of the development mailbox.
import type { Call } from '../database/call.js'
import type { Mail, MailState } from '../mail/mail.js'
import type { Mails } from '../mail/mails.js'
import { type ComposeMailNeeds, composeMail } from './compose-mail.js'

/** A mail as the mailbox shows it. */
export interface ShownMail {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** When it was requested. */
  readonly at: Date
  readonly state: MailState
}

/** What `showMail` works with. */
export interface ShowMailNeeds extends ComposeMailNeeds {
  readonly mails: Mails
}

/** A UUID (RFC 9562 4). */
const idForm = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** A mail, given itself or by its id; null if there is none, or its cause was purged. */
export const showMail = async (
  call: Call,
  mail: string | Mail,
  needs: ShowMailNeeds,
): Promise<ShownMail | null> => {
  const found = typeof mail === 'string' ? await findMail(call, mail, needs) : mail
  const composed = found && (await composeMail(call, found, needs))
  if (found === null || composed === null) return null
  const { subject, text, html } = composed.message
  return { id: found.id, to: found.address, subject, text, html, at: found.createdAt, state: found.state }
}

const findMail = async (call: Call, id: string, needs: ShowMailNeeds): Promise<Mail | null> =>
  idForm.test(id) ? await needs.mails.find(call, id) : null
