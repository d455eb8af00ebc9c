// The mailer of development: sends nothing; the page at /mailbox shows the mails.
import type { Logger } from '../runtime/logger.js'
import type { Mailer } from './mailer.js'

/** A mailer that sends nothing. `pageUrl` is the page that shows the mails. */
export const createMailbox = (logger: Logger, pageUrl: string): Mailer => ({
  send: async () => {
    logger.info({ mailbox: pageUrl }, 'a mail is in the mailbox')
    return { reply: 'kept in the mailbox' }
  },
  close: async () => undefined,
})
