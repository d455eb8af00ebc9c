// The mailbox of development: mails go nowhere, and the page at /mailbox shows what they say.
import type { Logger } from '../runtime/logger.js'
import type { Mailer } from './mailer.js'

/** A mailer that sends nothing. `pageUrl` is where the mails can be read. */
export const createMailbox = (logger: Logger, pageUrl: string): Mailer => ({
  send: async () => {
    logger.info({ mailbox: pageUrl }, 'a mail is in the mailbox')
    return { reply: 'kept in the mailbox' }
  },
  close: async () => undefined,
})
