// SMTP_URL in the forms that people have: read as nodemailer reads it, else refused by the part that is wrong.
import SMTPTransport from 'nodemailer/lib/smtp-transport'
import { expect, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { mailSettings } from '../../../src/mail/settings.js'
import { SmtpPool, smtpOptionsOf } from '../../../src/mail/smtp-pool.js'
import { parseSmtpUrl } from '../../../src/mail/smtp-relay.js'

const limits = { connectionsPerRelay: 1, connectSeconds: 1, silenceSeconds: 1 }

/** What decides where and how nodemailer connects. */
const decisive = ({
  host,
  port,
  secure,
  requireTLS,
  ignoreTLS,
  name,
  auth,
  tls,
}: SMTPTransport['options']) => ({
  // nodemailer leaves the default ports to the connection, and the brackets of IPv6 to nobody.
  host: host?.replace(/^\[|\]$/g, ''),
  port: port ?? (secure === true ? 465 : 587),
  secure,
  requireTLS: requireTLS === true,
  ignoreTLS: ignoreTLS === true,
  name,
  user: auth?.user,
  pass: auth?.pass,
  servername: tls?.servername,
  minVersion: tls?.minVersion,
  anyCertificate: tls?.rejectUnauthorized === false,
})

test.each([
  'smtp://smtp.example.org',
  'smtp://smtp.example.org/',
  'smtps://smtp.example.org',
  'smtp://smtp.example.org:2525',
  'smtp://localhost:1025',
  'smtp://idem:password@localhost',
  'smtp://idem:password@smtp.example.org?requireTLS=true',
  'smtp://idem:password@smtp.example.org?requireTLS=false',
  'smtp://idem:password@smtp.example.org?requireTLS=false&ignoreTLS=true',
  'smtps://idem%40example.org:p%40ss%2Fw%23rd%3F%25%2C@smtp.example.org:465?requireTLS=true',
  'smtp://idem:p:ss@localhost',
  'smtp://[::1]:2525',
  'smtps://[2001:db8::1]',
  'smtp://10.0.0.1:25?name=id.example.org',
  'smtp://smtp.example.org?ignoreTLS=true',
  'smtps://smtp.example.org?tls.servername=mail.example.org&tls.minVersion=TLSv1.3&pool=true&secure=true',
  'smtps://smtp.example.org?tls.rejectUnauthorized=false',
])('%s is read as nodemailer reads it', (url) => {
  const heloName = new URL(url).searchParams.get('name') ?? undefined
  const ours = smtpOptionsOf(parseSmtpUrl(url), limits, 'sender.example.org')
  expect({ ...decisive(ours), name: heloName }).toEqual(decisive(new SMTPTransport(url).options))
  expect(ours.name).toBe(heloName ?? 'sender.example.org')
  new SmtpPool(parseSmtpUrl(url), limits, 'sender.example.org').close()
})

const secret = 'hunter2'

test.each([
  [`http://idem:${secret}@smtp.example.org`, 'must begin with smtp:// or smtps://'],
  [`${secret}`, 'must begin with smtp://'],
  [`smtp://idem:12/${secret}@smtp.example.org`, 'has a wrong password'],
  [`smtp://idem:${secret}#1@smtp.example.org`, 'has a wrong password'],
  [`smtp://idem:${secret}?1@smtp.example.org`, 'has a wrong password'],
  [`smtp://idem:${secret}%@smtp.example.org`, 'has a wrong password'],
  [`smtp://idem%${secret}:x@smtp.example.org`, 'has a wrong user'],
  [`smtp://:${secret}@smtp.example.org`, 'has a wrong user'],
  [`smtp://${secret}@smtp.example.org`, 'has a wrong password'],
  [`smtp://idem:${secret}@`, 'has a wrong host'],
  [`smtp://idem:${secret}@/`, 'has a wrong host'],
  [`smtp://idem:x@smtp.example.org:${secret}`, 'has a wrong port'],
  [`smtp://idem:${secret}@smtp.example.org:70000`, 'has a wrong port'],
  [`smtp://idem:${secret}@::1`, 'has a wrong port'],
  [`smtp://smtp.example.org/${secret}`, 'has a wrong end'],
  [`smtp://smtp.example.org#${secret}`, 'has a wrong end'],
  [`smtp://smtp.example.org?${secret}=1`, 'has a wrong parameter: there are only ignoreTLS, name'],
  ['smtp://smtp.example.org?debug=true', 'has a wrong parameter: there are only'],
  [
    `smtp://smtp.example.org?socketTimeout=${secret}`,
    'has a wrong parameter socketTimeout: it is the setting IDEM_SMTP_TIMEOUT_SECONDS',
  ],
  [`smtp://smtp.example.org?requireTLS=${secret}`, 'has a wrong parameter requireTLS'],
  [`smtp://smtp.example.org?name=${secret}_`, 'has a wrong parameter name'],
  [`smtp://smtp.example.org?tls.minVersion=${secret}`, 'has a wrong parameter tls.minVersion'],
  ['smtp://smtp.example.org?secure=true', 'has a wrong parameter secure'],
  ['smtp://smtp.example.org?pool=false', 'has a wrong parameter pool'],
  ['smtps://smtp.example.org?ignoreTLS=true', 'has a wrong parameter ignoreTLS'],
  [`smtp://idem:${secret}@smtp.example.org?ignoreTLS=true`, 'has a wrong parameter ignoreTLS'],
  [
    'smtp://smtp.example.org?requireTLS=true&requireTLS=false',
    'has a wrong parameter requireTLS: it is there twice',
  ],
])('%s is refused: it %s', (url, sentence) => {
  const read = () => readEnvironment({ mail: mailSettings }, { SMTP_URL: url })
  expect(read).toThrow(`SMTP_URL ${sentence}`)
  expect(read).not.toThrow(secret)
  const second = () =>
    readEnvironment({ mail: mailSettings }, { SMTP_URL: `smtp://first.example.org,${url}` })
  expect(second).toThrow('(server 2 of 2)')
})
