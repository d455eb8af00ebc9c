// One service for all tests of a file, whose worker sends its mails to a real SMTP server.
import { afterAll } from 'vitest'
import { type Inbox, smtpInbox } from './mail-reader.js'
import { serviceOfFile } from './service-of-file.js'
import { SmtpServer } from './smtp-server.js'
import type { TestService } from './start-service.js'
import { startTestWorker } from './start-worker.js'
import type { Tables } from './tables.js'

/** A service with its database, and the server that gets its mails. */
export interface MailedService {
  readonly idem: TestService
  readonly tables: Tables
  readonly smtp: SmtpServer
  readonly inbox: Inbox
}

/** Starts them, and stops them after the last test of the file. */
export const mailedServiceOfFile = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<MailedService> => {
  const smtp = await SmtpServer.start()
  const { idem, tables } = await serviceOfFile({ environment: { ...environment, SMTP_URL: smtp.url } })
  const worker = await startTestWorker(idem)
  afterAll(async () => {
    await worker.stop()
    await smtp.stop()
  })
  return { idem, tables, smtp, inbox: smtpInbox(smtp) }
}
