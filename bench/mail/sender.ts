// The process that Idem's mails are compared with: sends as many of the same kind with nodemailer's pool.
import { createTransport } from 'nodemailer'
import { readEnvironment } from '../../src/config/read-environment.js'
import { mailSettings } from '../../src/mail/settings.js'
import { MailTemplates } from '../../src/mail/templates.js'
import { newAddress } from '../load/email.js'

/** The order to the process. */
export interface SenderOrder {
  readonly mails: number
}

const { mail } = readEnvironment({ mail: mailSettings }, {})
const templates = await MailTemplates.load(null)
const rendered = templates.render('sign-in-code', 'en', {
  code: 'ACDEFGHJ',
  link: `http://localhost:4000/confirm?token=${'x'.repeat(64)}`,
  device: 'idem-bench',
  address: '192.0.2.1',
  time: '1 January 2026 at 12:00 UTC',
  minutes: 15,
  service: 'localhost:4000',
})
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  pool: true,
  maxConnections: mail.connectionsPerRelay,
  // nodemailer's default, and Idem's: a connection is closed after a hundred mails.
})

const sendAll = async ({ mails }: SenderOrder): Promise<void> => {
  const from = { name: 'Idem', address: 'no-reply@localhost' }
  const headers = { 'Auto-Submitted': 'auto-generated', 'Content-Language': 'en' }
  const send = async (): Promise<unknown> =>
    await transport.sendMail({ from, to: newAddress(), ...rendered, headers, xMailer: false })
  await Promise.all(Array.from({ length: mails }, send))
}

// Only the benchmark that started this process sends messages here.
process.on('message', (order: SenderOrder) => void sendAll(order))
process.once('disconnect', () => process.exit())
process.once('SIGTERM', () => process.exit())
process.send?.('ready')
