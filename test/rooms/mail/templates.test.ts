// The templates: complete in every language, escaped where it matters, and an operator may replace any one.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { OperatorProblem } from '../../../src/failure.js'
import { locales } from '../../../src/mail/locale.js'
import { templateFacts, templateNames } from '../../../src/mail/template.js'
import { MailTemplates } from '../../../src/mail/templates.js'

const ours = await MailTemplates.load(null)

const facts: Readonly<Record<string, string | number>> = {
  code: 'K7PQ-2MXW',
  link: 'https://id.example.org/confirm?token=abc_DEF-123',
  device: 'Firefox on Linux',
  address: '192.0.2.7',
  time: '21 November 2026 at 03:00 UTC',
  minutes: 15,
  left: 9,
  service: 'id.example.org',
  account: 'ada-lovelace',
  what: 'the Ed25519 key SHA256:xyz',
  key: 'My old laptop',
  available: '24 November 2026 at 03:00 UTC',
  due: '5 December 2026 at 03:00 UTC',
  method: 'Ed25519 key',
  endpoint: 'hooks.example.org',
  reason: 'it answered 410 Gone',
}

/** What a reader of the HTML sees. */
const visible = (html: string): string =>
  html
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]*>/g, '')
    .replaceAll('&#x2F;', '/')
    .replaceAll('&#x3D;', '=')

const bodyOf = (html: string): string => html.slice(html.indexOf('<body>'))

const folderWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'idem-templates-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), content)
  }
  return folder
}

const problemOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const error = await MailTemplates.load(await folderWith(files)).catch((reason: unknown) => reason)
  if (error instanceof OperatorProblem) return error.message
  throw new Error(`not refused: ${String(error)}`)
}

test.each(locales.flatMap((locale) => templateNames.map((name) => [locale, name] as const)))(
  '%s/%s tells every fact in both forms',
  (locale, name) => {
    const { subject, text, html } = ours.render(name, locale, facts)
    expect(subject).toMatch(/^\S[^\n]{5,78}$/)
    expect(html).toContain(`<html lang="${locale}">`)
    for (const fact of templateFacts[name]) {
      const value = String(facts[fact])
      expect(text, `${fact} in the text`).toContain(value)
      if (fact === 'link')
        expect(html).toContain('href="https:&#x2F;&#x2F;id.example.org&#x2F;confirm?token&#x3D;abc_DEF-123"')
      else expect(visible(html), `${fact} in the HTML`).toContain(value)
    }
    for (const part of [subject, text, html]) expect(part).not.toMatch(/\{\{|\}\}|undefined|null/)
  },
)

test('the languages differ, and a mail has no picture and nothing from elsewhere', () => {
  for (const name of templateNames) {
    const factNames: readonly string[] = templateFacts[name]
    const [english, german] = [ours.render(name, 'en', facts), ours.render(name, 'de', facts)]
    expect(english.subject).not.toBe(german.subject)
    expect(english.text).not.toBe(german.text)
    for (const { html } of [english, german]) {
      expect(html).not.toMatch(/<(?:img|script|link|iframe|form|object)\b|\bsrc=|url\(|@import/i)
      expect(html.match(/href="[^"]*"/g) ?? []).toHaveLength(factNames.includes('link') ? 1 : 0)
      expect(html).toContain('max-width: 600px')
      expect(html).toContain('prefers-color-scheme: dark')
    }
  }
})

test('a notice that can be turned off says how, the others say that they cannot', () => {
  const textOf = (name: (typeof templateNames)[number], locale: 'en' | 'de') =>
    ours.render(name, locale, facts).text
  expect(textOf('new-sign-in', 'en')).toContain('updateProfile(input: { signInNotices: false })')
  expect(textOf('new-sign-in', 'de')).toContain('updateProfile(input: { signInNotices: false })')
  for (const name of [
    'identity-linked',
    'identity-unlinked',
    'device-registered',
    'device-removed',
    'password-reset-begun',
    'password-reset-cancelled',
    'password-reset-done',
    'account-suspended',
    'account-reinstated',
    'account-merged',
    'account-unmerged',
  ] as const) {
    expect(textOf(name, 'en')).toContain('cannot be turned off')
    expect(textOf(name, 'de')).toContain('lässt sich deshalb nicht abbestellen')
  }
})

test('an account without a name is not named', () => {
  expect(ours.render('link-code', 'en', { ...facts, account: '' }).text).toContain(
    'to the account at id.example.org',
  )
  expect(ours.render('step-up-code', 'de', { ...facts, account: '' }).text).toContain(
    'Im Konto bei id.example.org',
  )
})

test('markup in a fact is text in the HTML, and itself in the plain text', () => {
  const device = `<b onclick="x('y')">Tom & Jerry</b>`
  const { text, html } = ours.render('sign-in-code', 'en', { ...facts, device, link: '" onclick="alert(1)' })
  expect(text).toContain(device)
  expect(html).not.toMatch(/<b onclick|" onclick="alert/)
  expect(html).toContain('&lt;b onclick&#x3D;&quot;')
  expect(html).toContain('Tom &amp; Jerry')
})

test('a tag in a fact is not filled in', () => {
  const { text, html } = ours.render('sign-in-code', 'en', { ...facts, device: '{{code}} {{{link}}}' })
  expect(text).toContain('{{code}} {{{link}}}')
  expect(html).toContain('{{code}} {{{link}}}')
})

test('a fact stays on its line, in the header and in the text', () => {
  const broken = 'x\r\nBcc: eve@example.org\u2028\u202eq'
  const { subject, text } = ours.render('new-sign-in', 'en', { ...facts, account: broken, device: broken })
  expect(subject).not.toMatch(/[\r\n\u2028\u202e]/)
  expect(subject).toContain('x Bcc: eve@example.org q')
  expect(text).not.toMatch(/^Bcc:/m)
})

test('a missing fact is a bug', () => {
  const { code: _code, ...others } = facts
  expect(() => ours.render('sign-in-code', 'en', others)).toThrow('sign-in-code lacks the fact code')
})

test('an operator replaces any one file, and keeps the rest', async () => {
  const folder = await folderWith({
    'en/sign-in-code.txt': '\ufeffSubject: {{code}} is it\r\n\r\nHello {{device}}!\r\n',
    'de/new-sign-in.html': '<h1>Hallo {{account}}</h1>',
  })
  const own = await MailTemplates.load(folder)
  const mail = own.render('sign-in-code', 'en', facts)
  expect([mail.subject, mail.text]).toEqual(['K7PQ-2MXW is it', 'Hello Firefox on Linux!\n'])
  expect(mail.html).toContain('<title>K7PQ-2MXW is it</title>')
  expect(bodyOf(mail.html)).toBe(bodyOf(ours.render('sign-in-code', 'en', facts).html))
  const notice = own.render('new-sign-in', 'de', facts)
  expect(notice.html).toContain('<h1>Hallo ada-lovelace</h1>')
  expect(notice.text).toBe(ours.render('new-sign-in', 'de', facts).text)
})

test('an operator replaces the frame of every HTML mail', async () => {
  const own = await MailTemplates.load(
    await folderWith({
      'frame.html': '<title>{{subject}}</title><main lang="{{locale}}">{{{content}}}</main>',
    }),
  )
  expect(own.render('account-suspended', 'de', { ...facts, account: 'a&b' }).html).toMatch(
    /^<title>[^<]*a&amp;b[^<]*<\/title><main lang="de"><p>/,
  )
})

test('a copy of our own templates is a valid folder, also as a mounted volume lays it out', async () => {
  const folder = await folderWith({ '.gitkeep': '', 'en/..data/sign-in-code.txt': 'anything' })
  await cp('src/mail/templates', folder, { recursive: true })
  await rm(path.join(folder, 'en/sign-in-code.txt'))
  await writeFile(path.join(folder, 'en/..data/sign-in-code.txt'), 'Subject: mounted\n\nhello\n')
  await symlink('..data/sign-in-code.txt', path.join(folder, 'en/sign-in-code.txt'))
  const own = await MailTemplates.load(folder)
  expect(own.render('sign-in-code', 'en', facts).subject).toBe('mounted')
  expect(own.render('link-code', 'en', facts)).toEqual(ours.render('link-code', 'en', facts))
})

const valid = 'Subject: x\n\ny\n'

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['an unknown name', { 'en/sign-in-cod.txt': valid }, /en\/sign-in-cod\.txt is not the name of a template/],
  ['an unknown language', { 'fr/sign-in-code.txt': valid }, /fr\/sign-in-code\.txt is not the name/],
  ['a file at the wrong place', { 'sign-in-code.txt': valid }, /sign-in-code\.txt is not the name/],
  [
    'an open section',
    { 'en/link-code.txt': `${valid}{{#account}}` },
    /en\/link-code\.txt cannot be parsed: Unclosed section "account"/,
  ],
  ['an open tag', { 'en/link-code.html': '{{code' }, /en\/link-code\.html cannot be parsed: Unclosed tag/],
  [
    'no subject',
    { 'en/link-code.txt': 'Hello\n\n{{code}}' },
    /en\/link-code\.txt must begin with a line "Subject: /,
  ],
  ['an empty subject', { 'en/link-code.txt': 'Subject: \n\n{{code}}' }, /must begin with a line/],
  ['no empty line', { 'en/link-code.txt': 'Subject: x\n{{code}}\n' }, /must begin with a line/],
  ['no text', { 'en/link-code.txt': 'Subject: x\n\n \n' }, /must begin with a line/],
  ['an empty file', { 'en/link-code.txt': '' }, /must begin with a line/],
  [
    'a slip of the pen',
    { 'de/new-sign-in.html': '{{acount}}' },
    /de\/new-sign-in\.html has a tag for "acount"; there are \{\{account\}\}/,
  ],
  ['a fact of another template', { 'de/new-sign-in.html': '{{code}}' }, /has a tag for "code"/],
  [
    'a slip within a section',
    { 'en/link-code.html': '{{#account}}{{^device}}{{cod}}{{/device}}{{/account}}' },
    /has a tag for "cod"/,
  ],
  ['a raw tag', { 'en/link-code.html': '{{{device}}}' }, /has a tag for "device"; .*escaped/],
  ['another raw tag', { 'en/link-code.html': '{{&device}}' }, /has a tag for "device"/],
  ['a partial', { 'en/link-code.html': '{{> other}}' }, /has a tag for "other"/],
  ['other delimiters', { 'en/link-code.html': '{{=<% %>=}}<%code%>' }, /has a tag for "<% %>"/],
  [
    'a frame without content',
    { 'frame.html': '<p>{{subject}}</p>' },
    /frame\.html must hold \{\{\{content\}\}\}/,
  ],
  ['a frame with an escaped content', { 'frame.html': '<p>{{content}}</p>' }, /frame\.html must hold/],
])('%s is told at the start', async (_what, files, sentence) => {
  expect(await problemOf(files)).toMatch(sentence)
})

test('a folder that is not there is told', async () => {
  await expect(MailTemplates.load('/no/such/folder')).rejects.toThrow(
    /IDEM_MAIL_TEMPLATES \(\/no\/such\/folder\): the folder cannot be read/,
  )
})

test('the compiled code finds them too, from whatever folder it is run', async () => {
  const compiled = pathToFileURL(path.resolve('dist/src/mail/templates.js')).href
  const program = `const { MailTemplates } = await import(${JSON.stringify(compiled)})
    const mail = (await MailTemplates.load(null)).render('account-suspended', 'en', { account: 'ada', time: 'now' })
    process.stdout.write(mail.subject)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: tmpdir(),
  })
  expect(stdout).toBe('The account ada is suspended')
})
