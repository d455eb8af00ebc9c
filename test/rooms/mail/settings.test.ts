// The settings of mail: what is refused says what to do, and never repeats a password.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { EnvironmentProblems, readEnvironment } from '../../../src/config/read-environment.js'
import { defaultSender, parseSender } from '../../../src/mail/sender.js'
import { mailSettings } from '../../../src/mail/settings.js'

const read = (environment: Readonly<Record<string, string>>) =>
  readEnvironment({ mail: mailSettings }, environment).mail

const problemsOf = (environment: Readonly<Record<string, string>>): readonly string[] => {
  try {
    read(environment)
    return []
  } catch (error) {
    if (error instanceof EnvironmentProblems) return error.problems
    throw error
  }
}

test('nothing needs to be set in development; production asks for a server', () => {
  expect(read({})).toMatchObject({
    relays: null,
    from: null,
    templates: null,
    connectionsPerRelay: 5,
    connectSeconds: 10,
    silenceSeconds: 60,
    mailsPerDomain: 200,
  })
  for (const SMTP_URL of ['', ' , '])
    expect(problemsOf({ NODE_ENV: 'production', SMTP_URL })).toEqual([
      'SMTP_URL must be set in production, e.g. smtp://idem:…@smtp.example.org:587',
    ])
})

test.each([
  [
    { IDEM_PUBLIC_URL: 'https://id.example.org' },
    /nobody could read the mails: .*IDEM_PUBLIC_URL is another one$/,
  ],
  [{ IDEM_PUBLIC_URL: 'http://idem.test:4000' }, /IDEM_PUBLIC_URL is another one$/],
  [{ IDEM_TRUSTED_PROXIES: '10.0.0.0/8' }, /IDEM_TRUSTED_PROXIES lets others in$/],
])('where /mailbox is not served (%j) a server must be set', (environment, problem) => {
  expect(problemsOf(environment)).toEqual([expect.stringMatching(problem)])
  expect(problemsOf({ ...environment, SMTP_URL: 'smtp://smtp.example.org' })).toEqual([])
})

test.each([
  { IDEM_PUBLIC_URL: 'http://localhost:4000' },
  { IDEM_PUBLIC_URL: 'http://[::1]:4000' },
  { IDEM_TRUSTED_PROXIES: ' , ' },
])('where it is served (%j) none needs to be', (environment) => {
  expect(read(environment).relays).toBeNull()
})

test('a URL says host, port, TLS and user', () => {
  const { relays } = read({
    SMTP_URL:
      'smtp://idem%40example.org:p%2Cw%3A%2F%25@smtp.example.org, smtps://smtp.example.com/, smtp://[::1]:2525?requireTLS=true, smtp://u:p@10.0.0.1?requireTLS=false, smtp://u:p@localhost:1025',
  })
  const common = { trustAnyCertificate: false }
  expect(relays).toMatchObject([
    {
      ...common,
      host: 'smtp.example.org',
      port: 587,
      implicitTls: false,
      requireTls: true,
      credentials: { user: 'idem@example.org' },
    },
    {
      ...common,
      host: 'smtp.example.com',
      port: 465,
      implicitTls: true,
      requireTls: false,
      credentials: null,
    },
    { ...common, host: '::1', port: 2525, implicitTls: false, requireTls: true, credentials: null },
    { ...common, host: '10.0.0.1', port: 587, requireTls: false },
    { ...common, host: 'localhost', port: 1025, requireTls: false },
  ])
  expect(relays?.[0]?.credentials?.password.reveal()).toBe('p,w:/%')
  expect(inspect(relays, { depth: 9, showHidden: true })).not.toContain('p,w')
})

test('it comes from a file as well', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'idem-smtp-url-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'url')
  writeFileSync(file, 'smtp://idem:hunter2@smtp.example.org\n')
  expect(read({ SMTP_URL_FILE: file }).relays).toMatchObject([{ host: 'smtp.example.org' }])
})

test.each([
  ['another scheme', 'http://idem:hunter2@smtp.example.org', /begin with smtp:\/\/ or smtps:\/\//],
  ['no scheme', 'smtp.example.org', /begin with smtp:/],
  ['no host', 'smtp://', /./],
  ['no host but a user', 'smtp://idem:hunter2@', /./],
  ['a port that is none', 'smtp://idem:hunter2@smtp.example.org:70000', /wrong port/],
  ['a path', 'smtp://idem:hunter2@smtp.example.org/hunter2', /wrong end: nothing but parameters/],
  ['a fragment', 'smtp://smtp.example.org#hunter2', /wrong end/],
  [
    'a parameter that is none',
    'smtp://idem:hunter2@smtp.example.org?logger=hunter2',
    /wrong parameter: there are only/,
  ],
  [
    'a parameter of nodemailer that prints secrets',
    'smtp://idem:hunter2@smtp.example.org?debug=true',
    /wrong parameter: there are only/,
  ],
  [
    'a switch that is neither',
    'smtp://idem:hunter2@smtp.example.org?requireTLS=hunter2',
    /wrong parameter requireTLS: it must be true or false/,
  ],
  ['a password alone', 'smtp://:hunter2@smtp.example.org', /wrong user: it is missing/],
  ['a user alone', 'smtp://idem@smtp.example.org', /wrong password: it is missing/],
  ['a percent sign that encodes nothing', 'smtp://idem:hunter2%@smtp.example.org', /%25/],
  ['a comma in a password', 'smtp://idem:a,hunter2@smtp.example.org', /%2C/],
  ['a second one that is wrong', 'smtp://smtp.example.org, ftp://idem:hunter2@x', /begin with smtp:/],
])('SMTP_URL with %s is refused, without repeating it', (_what, SMTP_URL, sentence) => {
  for (const environment of [{ SMTP_URL }, { SMTP_URL, NODE_ENV: 'production' }]) {
    const problems = problemsOf(environment)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^SMTP_URL /)
    expect(problems[0]).toMatch(sentence)
    expect(problems[0]).not.toContain('hunter2')
  }
})

test('certificates are checked in production, whatever the URL says', () => {
  const SMTP_URL = 'smtps://smtp.example.org?tls.rejectUnauthorized=false'
  expect(read({ SMTP_URL }).relays).toMatchObject([{ trustAnyCertificate: true }])
  expect(problemsOf({ SMTP_URL, NODE_ENV: 'production' })).toEqual([
    expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  ])
})

test.each([
  ['Idem <no-reply@id.example.org>', 'Idem', 'no-reply@id.example.org'],
  ['"Größe & Co" <a.b@example.org>', 'Größe & Co', 'a.b@example.org'],
  ['  Idem<a@localhost> ', 'Idem', 'a@localhost'],
  ['<a@example.org>', '', 'a@example.org'],
  ['a@example.org', '', 'a@example.org'],
])('the sender %s', (raw, name, address) => {
  expect(read({ IDEM_MAIL_FROM: raw }).from).toEqual({ name, address })
})

test.each([
  'Idem',
  'Idem <>',
  'Idem <idem>',
  'Idem <a@b@c>',
  'Idem <a@example.org>, Eve <eve@example.org>',
  'Idem <a@example.org> x',
  'Idem\r\nBcc: eve@example.org <a@example.org>',
  'Idem <a@example.org\r\n>x',
  'a@example.org,eve@example.org',
  'Idem <"a b"@example.org>',
  'Idem <ä@example.org>',
  'Idem <a@bücher.de>',
])('%j is no sender', (raw) => {
  expect(parseSender(raw)).toBeNull()
  expect(problemsOf({ IDEM_MAIL_FROM: raw })).toEqual([
    expect.stringMatching(/^IDEM_MAIL_FROM must be a sender/),
  ])
})

test('the default sender has the host of the public URL', () => {
  expect(defaultSender('https://id.example.org:8443')).toEqual({
    name: 'Idem',
    address: 'no-reply@id.example.org',
  })
})

test('a service that others reach must have a mail server: its mailbox would show them all mails', () => {
  for (const IDEM_HOST of ['0.0.0.0', '192.0.2.1', '::'])
    expect(problemsOf({ IDEM_HOST })).toEqual([
      expect.stringMatching(/^SMTP_URL must be set where others connect/),
    ])
  for (const IDEM_HOST of ['127.0.0.1', 'localhost', '::1']) expect(problemsOf({ IDEM_HOST })).toEqual([])
  expect(problemsOf({ IDEM_HOST: '0.0.0.0', SMTP_URL: 'smtp://smtp.example.org' })).toEqual([])
})
