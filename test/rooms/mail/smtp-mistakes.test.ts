// What an operator gets wrong in SMTP_URL is said in words, in the log and in the reason of a failed job.
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { mailSettings } from '../../../src/mail/settings.js'
import { SmtpMailer } from '../../../src/mail/smtp-mailer.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { SmtpServer, type SmtpServerOptions } from '../../support/smtp-server.js'

const credentials = { user: 'idem', password: 'hunter2' }

/** The reason that is stored and logged when a mail is sent by this URL. */
const reasonAt = async (options: SmtpServerOptions, url: (place: string) => string): Promise<string> => {
  const server = await SmtpServer.start(options)
  onTestFinished(async () => await server.stop())
  const environment = { SMTP_URL: url(`127.0.0.1:${server.port}`), IDEM_SMTP_CONNECT_SECONDS: '2' }
  const { relays, from: _, ...pool } = readEnvironment({ mail: mailSettings }, environment).mail
  const mailer = new SmtpMailer({
    ...pool,
    relays: relays ?? [],
    from: { name: 'Idem', address: 'no@id.example.org' },
  })
  onTestFinished(async () => await mailer.close())
  const message = {
    messageId: '<1@id.example.org>',
    to: 'ada@example.org',
    subject: 's',
    text: 't',
    html: 'h',
    locale: 'en' as const,
  }
  const error: unknown = await mailer.send(message).catch((reason: unknown) => reason)
  return error instanceof Error ? error.message : 'it was sent'
}

const authority = CertificateAuthority.make()
// As NODE_EXTRA_CA_CERTS does for a process.
const trusted = CertificateAuthority.make()
setDefaultCACertificates([...getCACertificates('default'), readFileSync(trusted.file, 'utf8')])
const selfSigned = authority.selfSigned(['IP:127.0.0.1'])
const unknown = authority.issue(['IP:127.0.0.1'])

test.each([
  [
    'TLS spoken to a plain port',
    {},
    (place: string) => `smtps://${place}`,
    /does not speak TLS.*write smtp:\/\//,
  ],
  [
    'plain text spoken to a TLS port',
    { tls: 'implicit' },
    (place: string) => `smtp://${place}`,
    /timed out before the greeting; write smtps:\/\//,
  ],
  [
    'a certificate that signed itself',
    { tls: 'implicit', certificate: selfSigned },
    (place: string) => `smtps://${place}`,
    /certificate is signed by itself.*NODE_EXTRA_CA_CERTS/,
  ],
  [
    'an unknown authority, by STARTTLS',
    { tls: 'starttls', certificate: unknown },
    (place: string) => `smtp://${place}?requireTLS=true`,
    /authority of the certificate is not known.*NODE_EXTRA_CA_CERTS/,
  ],
  [
    'no STARTTLS',
    {},
    (place: string) => `smtp://${place}?requireTLS=true`,
    /500 .*; use a port that encrypts .*requireTLS=false/,
  ],
  [
    'a wrong password',
    { credentials },
    (place: string) => `smtp://idem:wrong@${place}`,
    /authentication failed, 535 5.7.8; correct the user and the password in SMTP_URL/,
  ],
  [
    'a password for a server that offers no login',
    { tls: 'implicit', certificate: unknown },
    (place: string) => `smtps://idem:hunter2@${place}?tls.rejectUnauthorized=false`,
    /the server offers no login there/,
  ],
  [
    'a certificate of another name',
    { tls: 'implicit', certificate: trusted.issue(['DNS:mail.example.org']) },
    (place: string) => `smtps://${place}`,
    /write the name of the certificate into SMTP_URL/,
  ],
  [
    'no password',
    { credentials },
    (place: string) => `smtp://${place}`,
    /530 .*; put user and password into SMTP_URL/,
  ],
] as const)('%s', async (_what, options, url, reason) => {
  const said = await reasonAt(options, url)
  expect(said).toMatch(reason)
  expect(said).not.toMatch(/hunter2|wrong@|ada@/)
})
