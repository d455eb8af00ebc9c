// Reads mails from a real SMTP server or from the development mailbox.
import { millisecondsUntil } from './calls.js'
import type { SmtpServer } from './smtp-server.js'
import type { TestService } from './start-service.js'

/** A received mail. */
export interface ReadMail {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** A source of mails: returns those to an address, newest first. */
export type Inbox = (address: string) => Promise<readonly ReadMail[]>

/** The mails that an SMTP server has accepted. */
export const smtpInbox =
  (server: SmtpServer): Inbox =>
  async (address) =>
    (await server.received(address)).toReversed()

/** The mails on the mailbox page of a service. */
export const mailboxInbox =
  (idem: TestService): Inbox =>
  async (address) => {
    const answer = await fetch(`${idem.url}/mailbox?json`)
    const mails = (await answer.json()) as readonly (ReadMail & { to: string; state: string })[]
    return mails.filter(({ to, state }) => to === address && state === 'sent')
  }

/** The code in a mail. */
export const codeIn = (text: string): string => /^ +([34679ACDEFGHJKMNPQRTWXY]{8})$/m.exec(text)?.[1] ?? ''

/** The link in a mail. */
export const linkIn = (text: string): string => /https?:\/\/\S+\/confirm\?token=[\w-]+/.exec(text)?.[0] ?? ''

/** Waits until `count` mails to an address have arrived; returns them newest first. */
export const mailsTo = async (inbox: Inbox, address: string, count = 1): Promise<readonly ReadMail[]> => {
  let found: readonly ReadMail[] = []
  await millisecondsUntil(20_000, async () => {
    found = await inbox(address)
    return found.length >= count
  })
  return found
}

/** Waits until a mail to an address has arrived whose subject matches, or has these words; returns the newest one. */
export const mailAbout = async (
  inbox: Inbox,
  address: string,
  subject: RegExp | string,
): Promise<ReadMail> => {
  let found: ReadMail | undefined
  await millisecondsUntil(20_000, async () => {
    found = (await inbox(address)).find((mail) =>
      typeof subject === 'string' ? mail.subject.includes(subject) : subject.test(mail.subject),
    )
    return found !== undefined
  })
  if (found === undefined) throw new Error('no such mail')
  return found
}
