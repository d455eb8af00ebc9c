// The mailer against a real SMTP server: what is permanent, what is temporary, who is asked next, and never twice.
import { expect, onTestFinished, test } from 'vitest'
import { readEnvironment } from '../../../src/config/read-environment.js'
import { MailDeferred, type MailMessage, MailRefused } from '../../../src/mail/mailer.js'
import { mailSettings } from '../../../src/mail/settings.js'
import { SmtpMailer } from '../../../src/mail/smtp-mailer.js'
import { type SmtpBehaviour, SmtpServer, type SmtpServerOptions } from '../../support/smtp-server.js'
import { freePort } from '../../support/start-service.js'

const start = async (options: SmtpServerOptions = {}): Promise<SmtpServer> => {
  const server = await SmtpServer.start(options)
  onTestFinished(() => server.stop())
  return server
}

/** A mailer over these URLs, as the settings make it, with short time-outs. */
const mailerOver = (urls: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
  const { mail } = readEnvironment(
    { mail: mailSettings },
    {
      SMTP_URL: urls.join(', '),
      IDEM_SMTP_CONNECT_SECONDS: '1',
      IDEM_SMTP_TIMEOUT_SECONDS: '1',
      ...environment,
    },
  )
  const mailer = new SmtpMailer({
    ...mail,
    relays: mail.relays ?? [],
    from: mail.from ?? { name: 'Idem', address: 'no-reply@id.example.org' },
  })
  onTestFinished(() => mailer.close())
  return mailer
}

let serial = 0
const message = (changed: Partial<MailMessage> = {}): MailMessage => ({
  messageId: `<${serial++}@id.example.org>`,
  to: 'ada@example.org',
  subject: 'Your code',
  text: 'The code is 1234.\n',
  html: '<p>The code is 1234.</p>',
  locale: 'en',
  ...changed,
})

const failureOf = async (sending: Promise<unknown>): Promise<MailRefused | MailDeferred> => {
  const error = await sending.then(
    () => new Error('it was sent'),
    (reason: unknown) => reason,
  )
  if (error instanceof MailRefused || error instanceof MailDeferred) return error
  throw error
}

test('a mail arrives as it was composed', async () => {
  const server = await start()
  const mailer = mailerOver([server.url])
  const sent = message({
    subject: 'Schlüssel für 你好 🙂',
    text: 'Grüße\n',
    html: '<p>Grüße</p>',
    locale: 'de',
  })
  expect(await mailer.send(sent)).toEqual({ reply: '250 2.0.0 Taken' })
  const mail = await server.waitFor('ada@example.org')
  expect(mail).toMatchObject({
    at: 0,
    to: 'ada@example.org',
    envelopeFrom: 'no-reply@id.example.org',
    from: 'Idem <no-reply@id.example.org>',
    subject: sent.subject,
    messageId: sent.messageId,
  })
  expect(mail.text.trim()).toBe('Grüße')
  expect(mail.html.trim()).toBe('<p>Grüße</p>')
  expect(mail.headers.get('to')).toBe('ada@example.org')
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
  expect(mail.headers.get('content-language')).toBe('de')
  expect(Date.parse(mail.headers.get('date') ?? '')).toBeGreaterThan(0)
  expect(mail.headers.has('x-mailer')).toBe(false)
  expect([...mail.headers.keys()].toSorted()).toEqual([
    'auto-submitted',
    'content-language',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ])
})

test('a repeat has the same Message-ID, and every acknowledged copy counts', async () => {
  const server = await start()
  const mailer = mailerOver([server.url])
  const repeated = message()
  await mailer.send(repeated)
  await mailer.send(repeated)
  await mailer.send(message({ to: 'eve@example.org' }))
  expect(server.countByMessageId().get(repeated.messageId)).toBe(2)
  expect([server.count('ada@example.org'), server.count()]).toEqual([2, 3])
})

test('the sender is the one of the settings', async () => {
  const server = await start()
  const mailer = mailerOver([server.url], { IDEM_MAIL_FROM: 'Größe & Co <hello@example.com>' })
  await mailer.send(message())
  const mail = await server.waitFor('ada@example.org')
  expect([mail.from, mail.envelopeFrom]).toEqual(['Größe & Co <hello@example.com>', 'hello@example.com'])
})

test.each<[SmtpBehaviour, string]>([
  ['refuse-recipient', '550 5.1.1 <[address]>: no such user [address]'],
  ['refuse-message', '554 5.7.1 Looks like spam'],
  ['refuse-size', '552 5.3.4 Message too big'],
])('%s is permanent: no other server is asked, and the reply tells no address', async (behaviour, reply) => {
  const [first, second] = [await start(), await start()]
  await first.behave(behaviour)
  const mailer = mailerOver([first.url, second.url])
  const failure = await failureOf(mailer.send(message()))
  expect(failure).toBeInstanceOf(MailRefused)
  expect(failure.reply).toBe(reply)
  expect(failure.message).not.toContain('ada')
  expect([first.count(), second.count(), await second.connections()]).toEqual([0, 0, 0])
})

const temporary: readonly [SmtpBehaviour, RegExp][] = [
  ['refuse-connection', /421 4\.3\.2 Shutting down/],
  ['close-at-connection', /the connection was closed|sending failed/],
  ['stall-greeting', /timed out/],
  ['refuse-sender', /550 5\.7\.1 Sender not allowed/],
  ['defer-sender', /451 4\.3\.0 Not now/],
  ['defer-recipient', /451 4\.7\.1 Greylisted/],
  ['close-at-recipient', /421 4\.3\.2 Shutting down/],
  ['ask-for-authentication', /530 5\.7\.0 Authentication required/],
  ['stall-recipient', /timed out/],
  ['defer-message', /452 4\.3\.1 Disk full/],
  ['close-at-message', /421 4\.3\.2 Shutting down/],
]

test.each(temporary)('%s is temporary', async (behaviour, reply) => {
  const server = await start()
  await server.behave(behaviour)
  const mailer = mailerOver([server.url])
  const failure = await failureOf(mailer.send(message()))
  expect(failure).toBeInstanceOf(MailDeferred)
  expect(failure.reply).toMatch(reply)
  expect(failure.reply).toMatch(new RegExp(`^127\\.0\\.0\\.1:${server.port}: `))
  await server.behave('accept')
  expect(await mailer.send(message())).toEqual({ reply: '250 2.0.0 Taken' })
  expect(server.count()).toBe(1)
})

test.each(temporary)('%s: the next server takes the mail', async (behaviour) => {
  const [first, second] = [await start(), await start()]
  await first.behave(behaviour)
  const mailer = mailerOver([first.url, second.url])
  await mailer.send(message())
  expect([first.count(), second.count()]).toEqual([0, 1])
})

test.each<[SmtpBehaviour, RegExp]>([
  ['close-in-data', /the (?:connection was closed|other side (?:cut|had closed) the connection)/],
  ['close-after-data', /the (?:connection was closed|other side (?:cut|had closed) the connection)/],
  ['stall', /timed out/],
])(
  '%s: the mail may have been taken, so no other server gets it in the same try',
  async (behaviour, reply) => {
    const [first, second] = [await start(), await start()]
    await first.behave(behaviour)
    const mailer = mailerOver([first.url, second.url])
    const repeated = message()
    const failure = await failureOf(mailer.send(repeated))
    expect(failure).toBeInstanceOf(MailDeferred)
    expect(failure.reply).toMatch(reply)
    expect([first.count(), second.count(), await second.connections()]).toEqual([0, 0, 0])
    // The next try begins with the other one.
    await mailer.send(repeated)
    expect([first.count(), second.count()]).toEqual([0, 1])
  },
)

test('what was acknowledged is sent, though the connection breaks right behind the answer', async () => {
  const [first, second] = [await start(), await start()]
  await first.behave('close-after-reply')
  const mailer = mailerOver([first.url, second.url])
  for (let sent = 0; sent < 3; sent++) await mailer.send(message())
  expect([first.count(), second.count()]).toEqual([3, 0])
})

test('a slow greeting is waited for', async () => {
  const server = await start()
  await server.behave('slow-greeting')
  await mailerOver([server.url]).send(message())
  expect(server.count()).toBe(1)
})

test('a server that is not there is passed over, and tried last for a while', async () => {
  const second = await start()
  const gone = `smtp://127.0.0.1:${await freePort()}`
  const silent = await start()
  await silent.behave('stall-greeting')
  const mailer = mailerOver([gone, silent.url, second.url])
  for (let sent = 0; sent < 5; sent++) await mailer.send(message())
  expect(second.count()).toBe(5)
  // Once, and the one repeat of the pool at most.
  expect(await silent.connections()).toBeLessThanOrEqual(2)
})

test('mails that wait for a server that fails go on to the next one, without a time-out each', async () => {
  const [silent, second] = [await start(), await start()]
  await silent.behave('stall-greeting')
  const mailer = mailerOver([silent.url, second.url], { IDEM_SMTP_CONNECTIONS: '2' })
  await Promise.all(Array.from({ length: 20 }, () => mailer.send(message())))
  expect(second.count()).toBe(20)
  expect(await silent.connections()).toBe(2)
})

test('mails that wait for the only server are deferred when it fails, and none is forgotten', async () => {
  const silent = await start()
  await silent.behave('stall-greeting')
  const mailer = mailerOver([silent.url], { IDEM_SMTP_CONNECTIONS: '2' })
  const failures = await Promise.all(Array.from({ length: 20 }, () => failureOf(mailer.send(message()))))
  expect(failures.every((failure) => failure instanceof MailDeferred)).toBe(true)
  await silent.behave('accept')
  await Promise.all(Array.from({ length: 20 }, () => mailer.send(message())))
  expect(silent.count()).toBe(20)
})

test('all servers away: deferred, and sent once one is back on its port', async () => {
  const [first, second] = [await start(), await start()]
  const mailer = mailerOver([first.url, second.url])
  await mailer.send(message())
  await first.stop('SIGKILL')
  await second.stop('SIGKILL')
  const failure = await failureOf(mailer.send(message()))
  expect(failure).toBeInstanceOf(MailDeferred)
  expect(failure.reply).toContain(`127.0.0.1:${first.port}: nothing listens there, ECONNREFUSED`)
  expect(failure.reply).toContain(`127.0.0.1:${second.port}: nothing listens there, ECONNREFUSED`)
  await first.restart()
  await mailer.send(message())
  expect(first.count()).toBe(2)
})

test('a host name that does not resolve is temporary', async () => {
  const failure = await failureOf(mailerOver(['smtp://no-such-host.invalid']).send(message()))
  expect(failure).toBeInstanceOf(MailDeferred)
  expect(failure.reply).toMatch(/^no-such-host\.invalid:587: /)
})

test('connections are kept and used again, and never more than allowed', async () => {
  const server = await start()
  const mailer = mailerOver([server.url], { IDEM_SMTP_CONNECTIONS: '2' })
  await Promise.all(Array.from({ length: 40 }, () => mailer.send(message())))
  expect(server.count()).toBe(40)
  expect(await server.connections()).toBe(2)
})

test('a refused recipient leaves the connection in use', async () => {
  const server = await start()
  await server.behave('refuse-recipient', 'nobody@example.org')
  const mailer = mailerOver([server.url], { IDEM_SMTP_CONNECTIONS: '1' })
  for (let round = 0; round < 3; round++) {
    await failureOf(mailer.send(message({ to: 'nobody@example.org' })))
    await mailer.send(message())
  }
  expect(server.count()).toBe(3)
  expect(await server.connections()).toBe(1)
})

test('an idle connection that the server lost costs nothing', async () => {
  const server = await start()
  const mailer = mailerOver([server.url])
  await mailer.send(message())
  await server.restart()
  await mailer.send(message())
  expect(server.count()).toBe(2)
})

test('a user signs in; a wrong password is the matter of the operator', async () => {
  const server = await start({ credentials: { user: 'idem', password: 'p%40ss' } })
  const mailer = mailerOver([`smtp://idem:p%2540ss@127.0.0.1:${server.port}`])
  await mailer.send(message())
  expect(server.count()).toBe(1)
  for (const url of [`smtp://idem:wrong@127.0.0.1:${server.port}`, `smtp://127.0.0.1:${server.port}`]) {
    const failure = await failureOf(mailerOver([url]).send(message()))
    expect(failure).toBeInstanceOf(MailDeferred)
    expect(failure.message).not.toMatch(/wrong@|p%40ss/)
  }
  const other = await start()
  await mailerOver([`smtp://idem:wrong@127.0.0.1:${server.port}`, other.url]).send(message())
  expect(other.count()).toBe(1)
})

test.each(['starttls', 'implicit'] as const)(
  'TLS (%s) is used, and a certificate nobody signed is not believed',
  async (tls) => {
    const server = await start({ tls })
    await mailerOver([server.url]).send(message())
    expect((await server.waitFor('ada@example.org')).secure).toBe(true)
    const failure = await failureOf(mailerOver([server.url.replace(/\?.*/, '')]).send(message()))
    expect(failure).toBeInstanceOf(MailDeferred)
    expect(failure.reply).toMatch(/CERT|certificate|TLS|ESOCKET/i)
    expect(server.count()).toBe(1)
  },
)

test('TLS that is required and not offered: nothing is sent in the clear', async () => {
  const server = await start()
  const failure = await failureOf(mailerOver([`${server.url}?requireTLS=true`]).send(message()))
  expect(failure).toBeInstanceOf(MailDeferred)
  expect(server.count()).toBe(0)
  const other = await start()
  await mailerOver([`${server.url}?requireTLS=true`, other.url]).send(message())
  expect(other.count()).toBe(1)
})

test.each<[string, Partial<MailMessage>]>([
  ['CR and LF in the subject', { subject: 'Hello\r\nBcc: eve@example.org' }],
  ['LF in the subject', { subject: 'Hello\nBcc: eve@example.org' }],
  ['CR in the subject', { subject: 'Hello\rBcc: eve@example.org' }],
  ['a zero byte in the subject', { subject: 'Hello\0' }],
  ['CR and LF in the recipient', { to: 'ada@example.org\r\nRCPT TO:<eve@example.org>' }],
  ['LF at the end of the recipient', { to: 'ada@example.org\n' }],
  ['a list of recipients', { to: 'ada@example.org,eve@example.org' }],
  ['a name', { to: 'Ada <ada@example.org>' }],
  ['a quoted recipient', { to: '"a@b"@example.org' }],
  ['two @', { to: 'a@b@example.org' }],
  ['no recipient', { to: '' }],
  ['CR and LF in the Message-ID', { messageId: '<1@id>\r\nBcc: eve@example.org' }],
  ['a Message-ID without brackets', { messageId: '1@id' }],
])('%s is a bug, and goes to nobody', async (_what, changed) => {
  // Nobody listens there: a try would be deferred.
  const sending = mailerOver([`smtp://127.0.0.1:${await freePort()}`]).send(message(changed))
  await expect(sending).rejects.toThrow(/^a (?:subject|recipient|Message-ID) /)
  await expect(sending).rejects.not.toBeInstanceOf(MailDeferred)
})

test('a dot at the start of a line and very long lines arrive unharmed', async () => {
  const server = await start()
  const text = `.\r\n..\r\n.QUIT\r\n${'x'.repeat(5000)}\r\n`
  await mailerOver([server.url]).send(message({ text }))
  const mail = await server.waitFor('ada@example.org')
  expect(mail.text.replaceAll('\r\n', '\n').trimEnd()).toBe(text.replaceAll('\r\n', '\n').trimEnd())
})

test('closing waits for the mails under way, and takes no new ones', async () => {
  const server = await start()
  await server.behave('slow-greeting')
  const mailer = mailerOver([server.url])
  const sending = Promise.all([mailer.send(message()), mailer.send(message())])
  await mailer.close()
  expect(server.count()).toBe(2)
  await sending
  expect(await failureOf(mailer.send(message()))).toBeInstanceOf(MailDeferred)
})
