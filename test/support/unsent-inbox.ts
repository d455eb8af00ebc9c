// Reads mails before they are sent, for tests without a worker.
import type { Inbox, ReadMail } from './mail-reader.js'
import type { TestService } from './start-service.js'

/** The mails on the mailbox page of a service, sent or not. */
export const unsentInbox =
  (idem: TestService): Inbox =>
  async (address) => {
    const answer = await fetch(`${idem.url}/mailbox?json`)
    const mails = (await answer.json()) as readonly (ReadMail & { to: string })[]
    return mails.filter(({ to }) => to === address)
  }
