// The mailbox of development: mails go nowhere, and the page at /mailbox shows what they say.
import type { Logger } from '../runtime/logger.js'
import type { Mailer } from './mailer.js'

/** A mailer that sends nothing. `pageUrl` is where the mails can be read, or null where they are not shown. */
export const createMailbox = (logger: Logger, pageUrl: string | null): Mailer => ({
  send: async () => {
    if (pageUrl === null) logger.info('a mail is kept and not sent')
    else logger.info({ mailbox: pageUrl }, 'a mail is in the mailbox')
    return { reply: 'kept in the mailbox' }
  },
  close: async () => undefined,
})
