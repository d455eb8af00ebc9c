// The mailer of development: sends nothing; the page at /mailbox shows the mails.
import type { Logger } from '../runtime/logger.js'
import type { Mailer } from './mailer.js'

/** A mailer that sends nothing. `pageUrl` is the page that shows the mails; null if there is none. */
export const createMailbox = (logger: Logger, pageUrl: string | null): Mailer => ({
  send: async () => {
    if (pageUrl === null) logger.info('a mail is kept and not sent')
    else logger.info({ mailbox: pageUrl }, 'a mail is in the mailbox')
    return { reply: 'kept in the mailbox' }
  },
  close: async () => undefined,
})
