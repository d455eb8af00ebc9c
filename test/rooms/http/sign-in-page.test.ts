// The sign-in page over HTTP, without a browser: each form, each refusal, what it never does.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { ownNames } from '../../../src/http/sign-in-form.js'
import { signInWords } from '../../../src/http/sign-in-words.js'
import { methodDefinitions } from '../../../src/methods/registry.js'
import { type Authenticator, enrol, tryCreateCodes } from '../../support/authenticator.js'
import { atOnce, dataOf } from '../../support/calls.js'
import { secretsOfChallenge } from '../../support/challenge-secrets.js'
import { otherCode, pressButton } from '../../support/email-owner.js'
import { expectSignedIn } from '../../support/key-owner.js'
import { mailboxInbox } from '../../support/mail-reader.js'
import { PasswordOwner } from '../../support/password-owner.js'
import { newPkcePair } from '../../support/pkce.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { type ReadPage, SignInVisitor } from '../../support/sign-in-visitor.js'
import { cheapPasswords, startTestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'

const { idem, tables } = await serviceOfFile({
  environment: { ...cheapPasswords, IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '30' },
})
const worker = await startTestWorker(idem)
afterAll(async () => await worker.stop())
const german = { 'accept-language': 'de' }

const newAddress = (): string => `${randomUUID()}@example.org`

/** The secrets of the challenge that a page asks to answer. */
const secretsOf = async (page: ReadPage): Promise<{ readonly code: string; readonly link: string }> =>
  await secretsOfChallenge(idem, page.form('email', 'prove').values['challengeId'] ?? '')

/** The page that asks for the code of a mail. */
const askForMail = async (visitor: SignInVisitor, address: string): Promise<ReadPage> =>
  await visitor.send((await visitor.open()).form('email'), { address })

test('by mail: the address, the code, the way back, and the code opens a session', async () => {
  const visitor = new SignInVisitor(idem, 'http://localhost:5173/signed-in?tab=1', 'tab & state/u')
  const address = newAddress()
  const asked = await askForMail(visitor, address)
  expect([asked.status, asked.title]).toEqual([200, 'Check your mail'])
  expect(asked.body).toContain(address)
  const { code } = await secretsOf(asked)
  const back = await visitor.send(asked.form('email', 'prove'), { code: ` ${code.toLowerCase()} ` })
  expect([back.status, back.body]).toEqual([303, ''])
  const { returned } = back
  expect(`${returned.origin}${returned.pathname}`).toBe('http://localhost:5173/signed-in')
  expect([...returned.searchParams.keys()]).toEqual(['tab', 'code', 'state', 'iss'])
  expect(returned.searchParams.get('state')).toBe('tab & state/u')
  expect(returned.searchParams.get('iss')).toBe(idem.url)
  expect(returned.href).not.toContain(address)
  // Nothing exists before the code is redeemed.
  expect(await tables.query('select 1 from identity where subject = $1', [address])).toEqual([])
  const { provisioned, account, tokens } = await visitor.redeem(back)
  expect([provisioned, account.kind]).toEqual([true, 'PERSON'])
  const { me } = dataOf(await idem.askAs(tokens.accessToken, '{ me { emails { address } } }'))
  expect(me.emails).toEqual([{ address }])

  const again = await askForMail(visitor, address)
  const second = await visitor.send(again.form('email', 'prove'), await secretsOf(again))
  expect(await visitor.redeem(second)).toMatchObject({ provisioned: false, account })
})

test('by the link of the mail: its page asks for the match code, and the form goes on without a code', async () => {
  const visitor = new SignInVisitor(idem)
  const asked = await askForMail(visitor, newAddress())
  const early = await visitor.send(asked.form('email', 'prove'))
  expect([early.status, early.problems]).toEqual([
    422,
    ['Give the code of the mail, or press its link first.'],
  ])
  const { link } = await secretsOf(early)
  const matchCode = /<dd><b>(\d{4})<\/b><\/dd>/.exec(early.body)?.[1]
  expect((await pressButton(link, matchCode)).status).toBe(200)
  await visitor.redeem(await visitor.send(early.form('email', 'prove')))
})

/** What a sign-in stores, without what the worker changes meanwhile for earlier tests. */
const stored = async (): Promise<object> => {
  const { account, identity, session, held_challenge, spent_challenge } = await tables.contents()
  const found = { account, identity, session, held_challenge, spent_challenge }
  expect(Object.values(found)).not.toContain(undefined)
  return found
}

test('as a guest, of whom nothing is stored before the code is redeemed', async () => {
  const visitor = new SignInVisitor(idem)
  const before = await stored()
  const back = await visitor.send((await visitor.open()).form('anonymous'))
  expect(await stored()).toEqual(before)
  expect((await visitor.redeem(back)).account.kind).toBe('ANONYMOUS')
})

/** Somebody with a password, an authenticator app and recovery codes. */
const somebodyWithApp = async (): Promise<{
  readonly owner: PasswordOwner
  readonly app: Authenticator
  readonly codes: readonly string[]
}> => {
  const owner = await PasswordOwner.create(idem, mailboxInbox(idem))
  const { id } = await owner.begin()
  const { code } = await secretsOfChallenge(idem, id)
  const { app, accessToken } = await enrol(idem, expectSignedIn(await owner.email.trySignIn(id, code)))
  return { owner, app, codes: dataOf(await tryCreateCodes(idem, accessToken)).createRecoveryCodes }
}

test('by a password: refused in words that tell nothing, the name kept and the password never', async () => {
  const owner = await PasswordOwner.create(idem, mailboxInbox(idem))
  const visitor = new SignInVisitor(idem)
  const form = (await visitor.open()).form('password')
  const pages = [
    await visitor.send(form, { login: owner.handle, password: 'not that one' }),
    await visitor.send(form, { login: 'nobody.at.all', password: 'not that one' }),
  ]
  expect(new Set(pages.map(({ problems }) => problems.join())).size).toBe(1)
  for (const page of pages) {
    expect([page.status, page.problems.length]).toEqual([422, 1])
    expect(page.body).not.toContain('not that one')
    expect(page.form('password').values['password']).toBe('')
  }
  expect(pages.map((page) => page.form('password').values['login'])).toEqual([owner.handle, 'nobody.at.all'])
  const empty = await visitor.send(form, { login: '', password: owner.password })
  expect([empty.status, empty.problems]).toEqual([422, ['Fill in this field.']])
  expect(empty.body).not.toContain(owner.password)

  const second = await visitor.send(form, { login: owner.handle, password: owner.password })
  expect([second.status, second.title]).toEqual([200, 'One more step'])
  // Whoever has the password alone does not learn the address, and gets no further mail by this page.
  expect(second.body).not.toContain(owner.email.address)
  expect(second.forms.map(({ step }) => step)).toEqual(['prove'])
  const wrong = await visitor.send(second.form('email'), { code: 'AAAACCCC' })
  expect([wrong.status, wrong.title]).toEqual([422, 'One more step'])
  expect(wrong.body).not.toContain(owner.email.address)
  const { account, tokens } = await visitor.redeem(
    await visitor.send(wrong.form('email'), await secretsOf(wrong)),
  )
  expect(account.id).toBe(owner.session.accountId)
  const { session } = dataOf(await idem.askAs(tokens.accessToken, '{ session { acr amr } }'))
  expect(session).toEqual({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
})

test('by a password and an app, or a recovery code instead; each code serves once', async () => {
  const { owner, app, codes } = await somebodyWithApp()
  const visitor = new SignInVisitor(idem)
  const begin = async (): Promise<ReadPage> =>
    await visitor.send((await visitor.open()).form('password'), {
      login: owner.handle,
      password: owner.password,
    })
  const asked = await begin()
  expect(asked.forms.map(({ way }) => way)).toEqual(['totp', 'recoveryCode'])
  expect(asked.body).not.toContain('Match code')
  const malformed = await visitor.send(asked.form('totp'), { code: '12' })
  expect(malformed.problems).toEqual(['A code of the app is six digits.'])
  const wrong = await visitor.send(malformed.form('totp'), { code: app.wrongCode() })
  expect([wrong.status, wrong.problems]).toEqual([422, ['That is not the code that your app shows now.']])
  const typed = { code: app.code() }
  expect((await visitor.redeem(await visitor.send(wrong.form('totp'), typed))).account.id).toBe(
    owner.session.accountId,
  )
  const twice = await visitor.send((await begin()).form('totp'), typed)
  expect([twice.status, twice.problems.length, twice.title]).toEqual([422, 1, 'One more step'])
  const [code = ''] = codes
  const other = await visitor.send(twice.form('recoveryCode'), { code: code.toLowerCase() })
  expect((await visitor.redeem(other)).account.id).toBe(owner.session.accountId)
  const used = await visitor.send((await begin()).form('recoveryCode'), { code })
  expect(used.problems).toEqual(['That is none of the recovery codes that are left.'])
})

test('by mail first, an account with a password is asked for it, without its name', async () => {
  const owner = await PasswordOwner.create(idem, mailboxInbox(idem))
  const visitor = new SignInVisitor(idem)
  const asked = await askForMail(visitor, owner.email.address)
  const second = await visitor.send(asked.form('email', 'prove'), await secretsOf(asked))
  expect(second.title).toBe('One more step')
  const form = second.form('password')
  expect(Object.keys(form.values)).not.toContain('login')
  const wrong = await visitor.send(form, { password: 'not that one' })
  expect([wrong.status, wrong.title]).toEqual([422, 'One more step'])
  const back = await visitor.send(wrong.form('password'), { password: owner.password })
  expect((await visitor.redeem(back)).account.id).toBe(owner.session.accountId)
})

test('one answer, sent 25 times at once, is one proof', async () => {
  const visitor = new SignInVisitor(idem)
  const asked = await askForMail(visitor, newAddress())
  await pressButton((await secretsOf(asked)).link, /<dd><b>(\d{4})<\/b><\/dd>/.exec(asked.body)?.[1] ?? '')
  // Fewer than the limit of tries.
  const answers = await atOnce(25, async () => await visitor.send(asked.form('email', 'prove')))
  expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
  const spent = answers.filter(({ status }) => status !== 303)
  expect(new Set(spent.flatMap(({ problems }) => problems))).toEqual(
    new Set(['This has been used, or was tried too often. Begin again.']),
  )
})

test('the code is for one program, and for one time', async () => {
  const visitor = new SignInVisitor(idem)
  const back = await visitor.send((await visitor.open()).form('anonymous'))
  const thief = Object.assign(new SignInVisitor(idem), { pair: newPkcePair() })
  expect((await thief.tryRedeem(back)).errors[0]?.extensions['code']).toBe('PROOF_REJECTED')
  await visitor.redeem(back)
  expect((await visitor.tryRedeem(back)).errors[0]?.extensions['code']).toBe('CHALLENGE_SPENT')
})

test('several tabs do not meet', async () => {
  const tabs = [1, 2, 3].map(
    (tab) => new SignInVisitor(idem, `http://localhost:${5000 + tab}/`, `state ${tab}`),
  )
  const asked = await Promise.all(tabs.map(async (tab) => await askForMail(tab, newAddress())))
  const backs = await Promise.all(
    tabs.toReversed().map(async (tab, index) => {
      const page = asked.toReversed()[index]
      if (page === undefined) throw new Error('a page for each tab')
      return { tab, back: await tab.send(page.form('email', 'prove'), await secretsOf(page)) }
    }),
  )
  const accounts = new Set<string>()
  for (const { tab, back } of backs) {
    expect(back.returned.searchParams.get('state')).toBe(tab.state)
    expect(back.returned.href.startsWith(tab.returnUrl)).toBe(true)
    accounts.add((await tab.redeem(back)).account.id)
  }
  expect(accounts.size).toBe(3)
})

test('a wrong address is said at its field, and kept', async () => {
  const visitor = new SignInVisitor(idem)
  const first = (await visitor.open()).form('email')
  for (const address of ['ada', 'ada@', 'a@b@c', 'ada\u0000@example.org', 'Ada <ada@example.org>']) {
    const page = await visitor.send(first, { address })
    expect([page.status, page.problems]).toEqual([422, ['Type one email address, such as ada@example.org.']])
    const { markup, values } = page.form('email', 'ask')
    expect(values['address']).toBe(address)
    expect(markup).toMatch(/id="email-address-error" role="alert"/)
    expect(markup).toMatch(/autofocus aria-describedby="email-address-error" aria-invalid="true"/)
  }
  const empty = await visitor.send(first, { address: '' })
  expect([empty.status, empty.problems]).toEqual([422, ['Fill in this field.']])
  expect((await new SignInVisitor(idem, undefined, undefined, german).send(first)).problems).toEqual([
    'Füllen Sie dieses Feld aus.',
  ])
})

test('a wrong code is said at its field; a malformed one costs no try; after five the sign-in begins again', async () => {
  const visitor = new SignInVisitor(idem)
  let page = await askForMail(visitor, newAddress())
  const { code } = await secretsOf(page)
  for (const malformed of ['123', 'x'.repeat(500), 'AAAABBB!', '0O1I5S2Z']) {
    page = await visitor.send(page.form('email', 'prove'), { code: malformed })
    expect([page.status, page.problems]).toEqual([
      422,
      ['That is not a whole code. The mail has one of eight letters and digits.'],
    ])
  }
  for (let tries = 0; tries < 4; tries += 1) {
    page = await visitor.send(page.form('email', 'prove'), { code: otherCode(code) })
    expect([page.status, page.problems]).toEqual([
      422,
      ['That is not the code of this mail, and its link has not been confirmed yet.'],
    ])
    expect(page.form('email', 'prove').values['code']).toBe('')
  }
  page = await visitor.send(page.form('email', 'prove'), { code: otherCode(code) })
  expect([page.status, page.problems]).toEqual([
    422,
    ['That is not the code of this mail, and its link has not been confirmed yet.'],
  ])
  expect(page.title).toBe('Sign in')
  page.form('email', 'ask')
})

test('a code that is used, or too old, begins again', async () => {
  const visitor = new SignInVisitor(idem)
  const page = await askForMail(visitor, newAddress())
  const typed = await secretsOf(page)
  await visitor.redeem(await visitor.send(page.form('email', 'prove'), typed))
  const used = await visitor.send(page.form('email', 'prove'), typed)
  expect([used.status, used.title, used.problems]).toEqual([
    400,
    'Sign in',
    ['This has been used, or was tried too often. Begin again.'],
  ])
  const late = await askForMail(visitor, newAddress())
  const answer = await secretsOf(late)
  idem.clock.advance(901)
  const expired = await visitor.send(late.form('email', 'prove'), answer)
  expect([expired.title, expired.problems]).toEqual(['Sign in', ['That took too long. Begin again.']])
})

test('tries are limited as those of signIn are', async () => {
  const visitor = new SignInVisitor(idem, undefined, undefined, german)
  const page = await askForMail(visitor, newAddress())
  let answer = page
  for (let tries = 0; tries <= 30 && answer.status !== 429; tries += 1)
    answer = await visitor.send(page.form('email', 'prove'))
  expect(answer.status).toBe(429)
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(answer.problems).toEqual([expect.stringMatching(/^Zu viele Versuche\./)])
  // The form is still there.
  answer.form('email', 'prove')
  idem.clock.advance(301)
})

test('a suspended account is told so', async () => {
  const visitor = new SignInVisitor(idem)
  const address = newAddress()
  const first = await askForMail(visitor, address)
  const { account } = await visitor.redeem(
    await visitor.send(first.form('email', 'prove'), await secretsOf(first)),
  )
  await tables.query('update account set suspended_at = now() where id = $1', [account.id])
  const page = await askForMail(visitor, address)
  const refused = await visitor.send(page.form('email', 'prove'), await secretsOf(page))
  expect(refused.problems).toEqual(['This account is suspended. Ask whoever runs this service.'])
})

test.each([
  ['return_url', '', 'return_url'],
  ['return_url', 'https://evil.example/', 'return_url'],
  ['return_url', 'javascript:alert(1)', 'return_url'],
  ['state', '', 'state'],
  ['state', 'ä', 'state'],
  ['state', 'x'.repeat(513), 'state'],
  ['code_challenge', '', 'code_challenge:'],
  ['code_challenge', 'x'.repeat(43), 'code_challenge:'],
  ['code_challenge', `${newPkcePair().codeChallenge}=`, 'code_challenge:'],
  ['code_challenge_method', 'plain', 'code_challenge_method'],
  ['code_challenge_method', '', 'code_challenge_method'],
])('%s = %s is refused on a page, never by a redirect', async (name, value, named) => {
  const visitor = new SignInVisitor(idem)
  const form = (await visitor.open()).form('anonymous')
  for (const page of [await visitor.open({ [name]: value }), await visitor.send(form, { [name]: value })]) {
    expect([page.status, page.title]).toEqual([400, 'This sign-in cannot begin'])
    expect(page.body).toContain(named)
    expect(page.headers.get('location')).toBeNull()
    expect(page.forms).toEqual([])
    // Nothing of the stranger's is repeated.
    expect(page.body).not.toContain('evil.example')
    expect(page.body).not.toContain('<script')
  }
})

test('a parameter given twice is given not at all', async () => {
  const visitor = new SignInVisitor(idem)
  const url = `${visitor.url()}&return_url=${encodeURIComponent('https://evil.example/')}`
  const answer = await fetch(url, { redirect: 'manual' })
  expect(answer.status).toBe(400)
})

test('without parameters the page says what it is', async () => {
  const answer = await fetch(`${idem.url}/sign-in`)
  expect([answer.status, await answer.text()]).toEqual([
    200,
    expect.stringContaining('Apps send people here'),
  ])
})

test('what does not name a form of the page is incomplete', async () => {
  const visitor = new SignInVisitor(idem)
  const { values } = (await visitor.open()).form('anonymous')
  const change = async (fields: Readonly<Record<string, string>>): Promise<ReadPage> =>
    await visitor.post(new URLSearchParams({ ...values, ...fields }))
  for (const page of [
    await change({ way: 'key' }),
    await change({ way: 'login' }),
    await change({ way: '__proto__' }),
    await change({ way: 'constructor' }),
    await change({ way: '' }),
    await change({ step: 'other' }),
    await change({ step: '' }),
    await visitor.post(`${new URLSearchParams(values)}&way=email`),
  ])
    expect([page.status, page.title]).toEqual([400, 'Something is missing'])
  // An answer to a challenge that is none of ours, and a challenge that the method has not.
  expect((await change({ challengeId: 'x' })).problems).toEqual([
    'This is no challenge of ours. Ask for a new one.',
  ])
  expect((await change({ step: 'ask' })).status).toBe(422)
})

test('only a form is read, and only a short one', async () => {
  const visitor = new SignInVisitor(idem)
  const { values } = (await visitor.open()).form('anonymous')
  const form = new URLSearchParams(values)
  const statuses = [
    (await visitor.post(`${form}&x=${'x'.repeat(60_000)}`)).status,
    (await visitor.post(JSON.stringify(values), { 'content-type': 'application/json' })).status,
    (await visitor.post(form, { 'content-type': 'text/plain' })).status,
    (await visitor.post(form, { 'content-encoding': 'gzip' })).status,
  ]
  expect(statuses).toEqual([413, 415, 415, 415])
})

test('every answer is kept by nobody, told to nobody, framed by nobody, and sets no cookie', async () => {
  const visitor = new SignInVisitor(idem)
  const page = await visitor.open()
  const asked = await askForMail(visitor, newAddress())
  const back = await visitor.send(page.form('anonymous'))
  const answers = [
    page,
    asked,
    back,
    await visitor.open({ state: '' }),
    await visitor.send(page.form('email'), { address: 'x' }),
    await visitor.post('x'),
    await visitor.post('{}', { 'content-type': 'application/json' }),
  ]
  for (const { headers } of answers) {
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-robots-tag')).toContain('noindex')
    expect(headers.get('set-cookie')).toBeNull()
    const policy = headers.get('content-security-policy') ?? ''
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(directive)
    expect(policy).not.toMatch(/script-src[^;]*(unsafe|http|data|\*)/)
  }
  const policy = page.headers.get('content-security-policy')?.split('; ')
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("require-trusted-types-for 'script'")
  expect(policy).toContain("form-action 'self' http://localhost:5173")
  // Nothing but the one module of our own.
  expect(page.body.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/browser/sign-in-page.js">'])
  expect(page.body).not.toMatch(/ on\w+=/)
})

test('a program at an address of IPv6 gets its answer: browsers match no such address in a policy', async () => {
  const visitor = new SignInVisitor(idem, 'http://[::1]:5173/signed-in')
  const { headers } = await visitor.open()
  expect(headers.get('content-security-policy')?.split('; ')).toContain("form-action 'self' http:")
})

test('what a program or a person wrote stays text', async () => {
  const hostile = '"><script>alert(1)</script><b x=\''
  const visitor = new SignInVisitor(idem, 'http://localhost:5173/?x=%22%3E%3Cscript%3E', hostile)
  const page = await visitor.open({ login_hint: hostile })
  const wrong = await visitor.send(page.form('email'), { address: hostile })
  for (const { body } of [page, wrong]) {
    expect(body).not.toContain('<script>')
    expect(body).toContain('&lt;script&gt;alert(1)')
  }
  const back = await visitor.send(wrong.form('anonymous'))
  expect(back.returned.searchParams.get('state')).toBe(hostile)
})

test('the hint of the program is filled in, and a long one left out', async () => {
  const visitor = new SignInVisitor(idem)
  expect((await visitor.open({ login_hint: 'ada@example.org' })).form('email').values['address']).toBe(
    'ada@example.org',
  )
  expect((await visitor.open({ login_hint: 'x'.repeat(321) })).form('email').values['address']).toBe('')
})

test('a HEAD or GET changes nothing, also with the fields of a form', async () => {
  const before = await stored()
  const visitor = new SignInVisitor(idem)
  for (const method of ['GET', 'HEAD']) {
    const url = visitor.url({ way: 'anonymous', step: 'prove', address: newAddress() })
    expect((await fetch(url, { method, redirect: 'manual' })).status).toBe(200)
  }
  expect(await stored()).toEqual(before)
})

test('neither the code nor what was typed is in a log line', async () => {
  const visitor = new SignInVisitor(idem)
  const address = newAddress()
  const asked = await askForMail(visitor, address)
  const { code, link } = await secretsOf(asked)
  await visitor.send(asked.form('email', 'prove'), { code: otherCode(code) })
  const back = await visitor.send(asked.form('email', 'prove'), { code })
  await visitor.redeem(back)
  const secrets = [
    address,
    code,
    link,
    visitor.pair.codeChallenge,
    back.returned.searchParams.get('code') ?? '',
    asked.form('email', 'prove').values['challengeId'] ?? '',
  ]
  expect(idem.logLines.length).toBeGreaterThan(10)
  for (const secret of secrets) expect(idem.logLines.filter((line) => line.includes(secret))).toEqual([])
})

test('each field and button has its label, in both languages, and a name that is not one of the page', async () => {
  for (const { form, name } of methodDefinitions) {
    if (form === undefined) continue
    const fields = [...(form.asks ?? []), ...form.proves]
    expect(fields.map((field) => field.name).filter((each) => ownNames.includes(each))).toEqual([])
    for (const words of Object.values(form.words)) {
      for (const text of [words.begin, words.title, words.go, words.refused]) expect(text, name).not.toBe('')
      const typed = fields.filter(({ kind }) => !kind.startsWith('script')).map((field) => field.name)
      expect(Object.keys(words.fields).toSorted()).toEqual([...new Set(typed)].toSorted())
    }
  }
  const bodies = new Set<string>()
  for (const headers of [{}, german]) {
    const visitor = new SignInVisitor(idem, undefined, undefined, headers)
    for (const { body } of [await visitor.open(), await askForMail(visitor, newAddress())]) {
      const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
      expect(new Set(ids).size).toBe(ids.length)
      const inputs = [...body.matchAll(/<input id="([^"]+)"[^>]*>/g)]
      expect(inputs.length).toBeGreaterThan(0)
      for (const [markup, id] of inputs) {
        expect(body).toContain(`<label for="${id}">`)
        expect(markup).toMatch(/ autocomplete="[^"]+"/)
      }
      expect(body).toMatch(/<html lang="(en|de)">[\s\S]*<main>[\s\S]*<h1>/)
      bodies.add(body)
    }
  }
  expect(bodies.size).toBe(4)
})

test('in production the page needs its setting, and says so', async () => {
  const publicUrl = { IDEM_PUBLIC_URL: 'https://id.example.org' }
  const returnUrls = { IDEM_RETURN_URLS: 'https://app.example.org/signed-in' }
  const setUp = await startTestService({ environment: { ...publicUrl, ...returnUrls } })
  try {
    const visitor = new SignInVisitor(setUp, 'https://app.example.org/signed-in')
    const back = await visitor.send((await visitor.open()).form('anonymous'))
    expect(back.returned.searchParams.get('iss')).toBe('https://id.example.org')
    // A list replaces the default of development.
    expect((await visitor.open({ return_url: 'http://localhost:5173/' })).status).toBe(400)
    expect(await (await fetch(setUp.url)).text()).toContain('href="/sign-in"')
  } finally {
    await setUp.stop()
  }
})

test('the scripts are served: ours, whole, and nothing beside them', async () => {
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    await fetch(`${idem.url}${path}`, { headers })
  const seen = new Set<string>()
  const load = async (path: string): Promise<void> => {
    if (seen.has(path)) return
    seen.add(path)
    const answer = await get(path)
    expect([path, answer.status]).toEqual([path, 200])
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const text = await answer.text()
    expect(text).not.toContain('sourceMappingURL')
    for (const [, target = ''] of text.matchAll(/(?:from|import) '([^']+)'/g)) {
      expect(target).toMatch(/^\.{1,2}\//)
      await load(new URL(target, `http://x${path}`).pathname)
    }
  }
  await load('/browser/sign-in-page.js')
  expect(seen.size).toBeGreaterThan(5)
  const etag = (await get('/client/transport.js')).headers.get('etag') ?? ''
  expect((await get('/client/transport.js', { 'if-none-match': etag })).status).toBe(304)
  for (const path of [
    '/client/',
    '/client/none.js',
    '/client/transport.ts',
    '/client/transport.js.map',
    '/client/..%2fservice.js',
    '/client/%2e%2e/service.js',
    '/browser/..%5cclient%5ctransport.js',
    '/client/Transport.js',
    '/http/app.js',
    '/client/transport.js/',
  ])
    expect([path, (await get(path)).status]).toEqual([path, 404])
})

test('the page brings exactly the words that its script reads, in each language', () => {
  const source = readFileSync('src/browser/page-words.ts', 'utf8')
  const read = [...source.matchAll(/^ {2}readonly (\w+): string$/gm)].map(([, name]) => name)
  expect(read.length).toBeGreaterThan(5)
  for (const { script } of Object.values(signInWords))
    expect(Object.keys(script).toSorted()).toEqual(read.toSorted())
})
