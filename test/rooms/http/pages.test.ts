// The pages for people: the frame, the confirm page in every state and language, the mailbox, the home page.
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ConfirmationView } from '../../../src/challenges/show-confirmation.js'
import { Failure } from '../../../src/failure.js'
import { addConfirmPage } from '../../../src/http/confirm-page.js'
import { confirmWords } from '../../../src/http/confirm-words.js'
import { addHomePage } from '../../../src/http/home-page.js'
import { addMailbox } from '../../../src/http/mailbox-page.js'
import { html } from '../../../src/http/page.js'
import type { ShownMail } from '../../../src/mailbox/show-mail.js'
import { createLogger } from '../../../src/runtime/logger.js'
import { createMetrics } from '../../../src/runtime/metrics.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'
import { MovableClock, startTestService, type TestService } from '../../support/start-service.js'

const publicUrl = 'https://id.example.org'
const token = 'tok-3n4b1d4s'
const hostile = '"><script>alert(1)</script><b x=\''

let idem: TestService
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())

const openLink: ConfirmationView = {
  state: 'open',
  act: 'SIGN_IN',
  emailAddress: 'you@example.com',
  accountName: null,
  device: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  sourceAddress: '2001:db8::7',
  askedAt: new Date('2026-02-03T14:05:09Z'),
  triesLeft: 3,
}

/** An application with the confirm page alone, what it asked of the link, and what it logged. */
class ConfirmPage {
  link: ConfirmationView | null = openLink
  /** What asking for the link throws, if anything. */
  error: unknown = null
  readonly shown: string[] = []
  readonly confirmed: { token: string; matchCode: string }[] = []
  readonly sources: string[] = []
  readonly logLines: string[] = []
  readonly app: FastifyInstance = fastify({ genReqId: () => randomUUID() })

  constructor() {
    const requestScope = new RequestScope()
    const answer = async (): Promise<ConfirmationView | null> => {
      if (this.error !== null) throw this.error
      return this.link
    }
    addConfirmPage(this.app, {
      publicUrl,
      database: idem.foundation.database,
      clock: new MovableClock(),
      clientAddress: () => '127.0.0.1',
      requestScope,
      metrics: createMetrics(),
      logger: createLogger({
        level: 'trace',
        requestScope,
        destination: { write: (line: string) => void this.logLines.push(line) },
      }),
      showConfirmation: async (call, given) => {
        this.shown.push(given)
        this.sources.push(call.source.address)
        return await answer()
      },
      confirmChallenge: async (_call, given) => {
        this.confirmed.push(given)
        return await answer()
      },
    })
    // JSON is read here as it is in the real application, and must not be on this page.
    this.app.post('/json', (request) => ({ body: request.body }))
  }

  async get(query = `token=${token}`, headers: Record<string, string> = {}) {
    return await this.app.inject({ method: 'GET', url: `/confirm?${query}`, headers })
  }

  async post(fields: Record<string, string> | string, headers: Record<string, string> = {}) {
    return await this.app.inject({
      method: 'POST',
      url: '/confirm',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    })
  }
}

const german = { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' }

describe('what is put into markup', () => {
  test('is escaped, in content and in attributes', () => {
    expect(html`<a title="${hostile}">${hostile} & ${3}${null}${[html`<br>`, '<']}</a>`.markup).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;b x=&#39;">' +
        '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;b x=&#39; & 3<br>&lt;</a>',
    )
  })
})

describe('the confirm page', () => {
  let confirm: ConfirmPage
  beforeEach(() => {
    confirm = new ConfirmPage()
    return async () => await confirm.app.close()
  })

  test('names what confirming does, who asked, from where and when, and takes the match code', async () => {
    const answer = await confirm.get()
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('<html lang="en">')
    for (const text of [
      'id.example.org',
      'you@example.com',
      'Firefox on Linux',
      '2001:db8::7',
      '14:05',
      'UTC',
    ])
      expect(answer.body).toContain(text)
    expect(answer.body).toContain('<form method="post" action="/confirm">')
    expect(answer.body).toContain(`name="token" value="${token}"`)
    expect(answer.body).toMatch(/<label for="match-code">[^<]+<\/label>/)
    expect(answer.body).toMatch(
      /<input id="match-code" name="matchCode" inputmode="numeric" autocomplete="off"/,
    )
    expect(answer.body).toContain('close this page')
    expect(answer.body).not.toMatch(/<script|<img|<link|https?:\/\/|\bon\w+=/)
    expect(confirm.sources).toEqual(['127.0.0.1'])
  })

  test('speaks German to who prefers it', async () => {
    const answer = await confirm.get(undefined, german)
    expect(answer.body).toContain('<html lang="de">')
    for (const text of ['Anmelden?', 'Firefox auf Linux', 'Abgleichcode', 'schließen Sie diese Seite'])
      expect(answer.body).toContain(text)
  })

  test.each(['en', 'de'] as const)(
    'says in %s what each confirmation does, and to whose account',
    async (locale) => {
      const headers = locale === 'de' ? german : {}
      const pages = new Set<string>()
      const bound: readonly string[] = ['LINK_IDENTITY', 'STEP_UP', 'SECOND_FACTOR']
      for (const act of ['SIGN_IN', 'LINK_IDENTITY', 'STEP_UP', 'SECOND_FACTOR', 'RESET_PASSWORD'] as const)
        for (const accountName of ['Ada', null]) {
          confirm.link = { ...openLink, act, accountName, device: null }
          const { body } = await confirm.get(undefined, headers)
          const words = confirmWords[locale]
          expect(body).toContain(`<h1>${words.acts[act].title}</h1>`)
          expect(body).toContain(`<button>${words.acts[act].button}</button>`)
          expect(body).toContain(words.unknownDevice)
          expect(body.includes('Ada')).toBe(accountName !== null && bound.includes(act))
          pages.add(body)
        }
      expect(pages.size).toBe(8)
    },
  )

  test.each([
    ['open', 200],
    ['wrong_match_code', 422],
    ['confirmed', 200],
    ['burnt', 410],
    ['spent', 410],
    ['expired', 410],
  ] as const)('a link that is %s answers %i, in both languages', async (state, status) => {
    confirm.link = { ...openLink, state, triesLeft: 2 }
    const hasForm = state === 'open' || state === 'wrong_match_code'
    const bodies = new Set<string>()
    for (const headers of [{}, german]) {
      for (const answer of [
        await confirm.get(undefined, headers),
        await confirm.post({ token, matchCode: '42' }, headers),
      ]) {
        expect(answer.statusCode).toBe(status)
        expect(answer.body.includes('<form')).toBe(hasForm)
        // Where nothing is left to confirm, nothing is told of who asked.
        expect(answer.body.includes('you@example.com')).toBe(hasForm)
        bodies.add(answer.body)
      }
    }
    expect(bodies.size).toBe(2)
  })

  test('a GET or HEAD changes nothing, however often', async () => {
    for (const method of ['GET', 'HEAD', 'GET'] as const) {
      const answer = await confirm.app.inject({ method, url: `/confirm?token=${token}&matchCode=42` })
      expect(answer.statusCode).toBe(200)
      if (method === 'HEAD') expect(answer.body).toBe('')
    }
    expect(confirm.shown).toEqual([token, token, token])
    expect(confirm.confirmed).toEqual([])
  })

  test('every answer is kept by nobody, told to nobody, framed by nobody', async () => {
    confirm.error = new Error('boom')
    const bug = await confirm.get()
    confirm.error = null
    const answers = [
      bug,
      await confirm.get(),
      await confirm.get('token='),
      await confirm.app.inject({ method: 'HEAD', url: `/confirm?token=${token}` }),
      await confirm.post({ token, matchCode: '42' }),
      await confirm.post({}),
      await confirm.post('x'.repeat(5_000)),
      await confirm.post('{}', { 'content-type': 'application/json' }),
    ]
    for (const { headers } of answers) {
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['referrer-policy']).toBe('no-referrer')
      expect(headers['x-robots-tag']).toContain('noindex')
      const policy = String(headers['content-security-policy'])
      for (const directive of ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"])
        expect(policy).toContain(directive)
      expect(policy).not.toContain('script-src')
    }
  })

  test('the button confirms, and hands the match code on as people type it', async () => {
    confirm.link = { ...openLink, state: 'confirmed' }
    const answer = await confirm.post({ token, matchCode: ' 4 2\t' })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('Go back to the device that asked')
    expect(confirm.confirmed).toEqual([{ token, matchCode: ' 4 2\t' }])
    expect(confirm.shown).toEqual([])
  })

  test('a wrong match code shows the form again, with the tries left tied to the input', async () => {
    confirm.link = { ...openLink, state: 'wrong_match_code', triesLeft: 2 }
    const two = await confirm.post({ token, matchCode: '41' })
    expect(two.body).toContain('2 tries are left')
    expect(two.body).toMatch(/<p class="alarm" id="match-code-error" role="alert">/)
    expect(two.body).toMatch(/aria-describedby="match-code-error match-code-hint" aria-invalid="true"/)
    expect(two.body).toContain(`name="token" value="${token}"`)
    confirm.link = { ...confirm.link, triesLeft: 1 }
    expect((await confirm.post({ token, matchCode: '41' })).body).toContain('One try is left')
    expect((await confirm.post({ token, matchCode: '41' }, german)).body).toContain('Ein Versuch bleibt')
  })

  test('a missing match code is asked for', async () => {
    confirm.link = { ...openLink, state: 'no_match_code' }
    for (const fields of [{ token }, { token, matchCode: '' }, { token, matchCode: ' \t' }]) {
      const answer = await confirm.post(fields)
      expect(answer.statusCode).toBe(400)
      expect(answer.body).toContain('Type the match code')
      expect(answer.body).toContain('aria-invalid')
    }
    // Given twice is given not at all.
    expect((await confirm.post(`token=${token}&matchCode=1&matchCode=2`)).statusCode).toBe(400)
    confirm.link = { ...openLink, state: 'expired' }
    expect((await confirm.post({ token })).statusCode).toBe(410)
    confirm.link = null
    expect((await confirm.post({ token })).statusCode).toBe(404)
    expect(new Set(confirm.confirmed.map(({ matchCode }) => matchCode.trim()))).toEqual(new Set(['']))
  })

  test('a form without a token is asked of nobody', async () => {
    for (const fields of [{}, { token: '' }, { matchCode: '42' }]) {
      const answer = await confirm.post(fields)
      expect(answer.statusCode).toBe(400)
      expect(answer.body).toContain('Something is missing')
    }
    expect((await confirm.post(`token=a&token=b&matchCode=42`)).statusCode).toBe(400)
    expect([confirm.shown, confirm.confirmed]).toEqual([[], []])
  })

  test('an unknown link is a 404; what cannot be a token is not even looked up', async () => {
    confirm.link = null
    expect((await confirm.get()).statusCode).toBe(404)
    expect((await confirm.post({ token, matchCode: '42' })).statusCode).toBe(404)
    expect([confirm.shown.length, confirm.confirmed.length]).toEqual([1, 1])
    const long = 'x'.repeat(201)
    for (const query of ['', 'token=', `token=${long}`, `token=${token}&token=${token}`, 'token[a]=1'])
      expect((await confirm.get(query)).statusCode).toBe(404)
    expect((await confirm.post({ token: long, matchCode: '42' })).statusCode).toBe(404)
    expect([confirm.shown.length, confirm.confirmed.length]).toEqual([1, 1])
  })

  test('only a short form is read', async () => {
    const answers = [
      await confirm.post({ token, matchCode: 'x'.repeat(5_000) }),
      await confirm.post(JSON.stringify({ token, matchCode: '42' }), { 'content-type': 'application/json' }),
      await confirm.post(`token=${token}&matchCode=42`, { 'content-type': 'text/plain' }),
      await confirm.post(`token=${token}`, { 'content-type': 'multipart/form-data; boundary=x' }),
    ]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([413, 415, 415, 415])
    for (const answer of answers) {
      expect(answer.body).toContain('Something is missing')
    }
    expect([confirm.shown, confirm.confirmed]).toEqual([[], []])
    const elsewhere = { method: 'POST', url: '/json' } as const
    expect((await confirm.app.inject({ ...elsewhere, payload: { a: 1 } })).json()).toEqual({ body: { a: 1 } })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await confirm.app.inject({ ...elsewhere, headers: form, payload: 'a=1' })).statusCode).toBe(415)
  })

  test('what strangers wrote stays text', async () => {
    confirm.link = {
      ...openLink,
      state: 'wrong_match_code',
      act: 'LINK_IDENTITY',
      emailAddress: hostile,
      accountName: hostile,
      device: hostile,
      sourceAddress: hostile,
    }
    for (const answer of [
      await confirm.get(`token=${encodeURIComponent(hostile)}`),
      await confirm.post({ token: hostile, matchCode: hostile }),
    ]) {
      expect(answer.body).not.toContain('<script')
      // All but the device: what is no browser and no plain product is not shown at all.
      expect(answer.body.split('&lt;script&gt;alert(1)').length).toBe(5)
    }
  })

  test('away, too often, and a bug are pages, too', async () => {
    confirm.error = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    const away = await confirm.post({ token, matchCode: '42' })
    expect([away.statusCode, away.headers['retry-after']]).toEqual([503, '2'])
    expect(away.body).toContain('Not just now')
    confirm.error = new Failure('RATE_LIMITED', undefined, { retryAfterSeconds: 77 })
    const often = await confirm.get(undefined, german)
    expect([often.statusCode, often.headers['retry-after']]).toEqual([429, '77'])
    expect(often.body).toContain('Zu viele Versuche')
    confirm.error = new Error('the inside of it')
    confirm.logLines.length = 0
    const bug = await confirm.get()
    expect(bug.statusCode).toBe(500)
    expect(bug.body).not.toContain('the inside')
    const [line] = confirm.logLines
    expect(confirm.logLines).toHaveLength(1)
    expect(JSON.parse(line ?? '')).toMatchObject({ msg: 'a bug answered a request', level: 'error' })
    expect(bug.body).toContain(`<code>${JSON.parse(line ?? '').requestId}</code>`)
  })

  test('the token is in no log line', async () => {
    for (const error of [null, new Error('x'), new Failure('RATE_LIMITED')]) {
      confirm.error = error
      await confirm.get()
      await confirm.post({ token, matchCode: '42' })
    }
    await confirm.post(`token=${token}&${'x'.repeat(5_000)}`)
    expect(confirm.logLines.length).toBeGreaterThan(3)
    expect(confirm.logLines.join('')).not.toContain(token)
    // And what the whole application logs of a request does not hold it either.
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const requests: [string, RequestInit][] = [
      [`/confirm?token=${token}`, {}],
      [`/confirm?token=${token}`, { method: 'HEAD' }],
      [`/confirm?token=${token}&x=%zz`, {}],
      [`/confirm/?token=${token}`, {}],
      [`//confirm?token=${token}`, {}],
      [`/%zz?token=${token}`, {}],
      ['/confirm', { method: 'POST', headers: form, body: `token=${token}&matchCode=42` }],
      ['/confirm', { method: 'POST', headers: form, body: `token=${token}&${'x'.repeat(100_000)}` }],
    ]
    const before = idem.logLines.length
    for (const [path, init] of requests) expect((await fetch(`${idem.url}${path}`, init)).ok).toBe(false)
    expect(idem.logLines.length).toBeGreaterThan(before)
    expect(idem.logLines.join('')).not.toContain(token)
  })
})

describe('the mailbox', () => {
  const mail = (id: string, more: Partial<ShownMail> = {}): ShownMail => ({
    id,
    to: `${id}@example.com`,
    subject: `Subject ${id}`,
    text: `Code ABCD2345\n${publicUrl}/confirm?token=${id}&a=b.\n`,
    html: `<p class="x">Code</p>`,
    at: new Date('2026-02-03T14:05:09Z'),
    state: 'sent',
    ...more,
  })
  const open = (mails: readonly ShownMail[]): FastifyInstance => {
    const app = fastify()
    addMailbox(app, {
      publicUrl,
      database: idem.foundation.database,
      clock: new MovableClock(),
      clientAddress: () => '127.0.0.1',
      requestScope: new RequestScope(),
      listMails: async () => mails,
      findMail: async (_call, id) => mails.find((found) => found.id === id) ?? null,
    })
    return app
  }

  test('lists what was mailed, and updates by itself', async () => {
    const app = open([mail('b'), mail('a', { subject: hostile, to: hostile, state: 'queued' })])
    const { statusCode, headers, body } = await app.inject('/mailbox')
    expect([statusCode, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(body).toContain('<meta http-equiv="refresh" content="3">')
    expect(body.indexOf('href="/mailbox/b"')).toBeLessThan(body.indexOf('href="/mailbox/a"'))
    for (const text of ['Subject b', 'b@example.com', '2026-02-03 14:05:09 UTC', 'sent', 'queued'])
      expect(body).toContain(text)
    expect(body).not.toContain('<script')
    expect((await open([]).inject('/mailbox')).body).toContain('No mail yet')
  })

  test('gives the list as JSON to scripts', async () => {
    const mails = [mail('b'), mail('a')]
    const app = open(mails)
    const asked = [
      await app.inject('/mailbox?json'),
      await app.inject({ url: '/mailbox', headers: { accept: 'application/json' } }),
    ]
    for (const answer of asked) {
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.json()).toEqual(mails.map((each) => ({ ...each, at: each.at.toISOString() })))
    }
  })

  test('shows one mail: its text with links to ourselves only, its HTML in a frame that may do nothing', async () => {
    const foreign = [
      'https://evil.example/confirm',
      `${publicUrl}.evil.example/x`,
      'https://id.example.org@evil.example/',
      'javascript:alert(1)',
    ]
    const text = `Go to ${publicUrl}/confirm?token=a&b=c. Not to ${foreign.join(' or ')} ${hostile}`
    const app = open([mail('a', { text, html: `<p>${hostile}</p>`, subject: hostile })])
    const { statusCode, headers, body } = await app.inject('/mailbox/a')
    expect([statusCode, headers['cache-control']]).toEqual([200, 'no-store'])
    const ours = `${publicUrl}/confirm?token=a&amp;b=c`
    expect(body).toContain(`<a href="${ours}" rel="noreferrer">${ours}</a>. Not`)
    expect(body.match(/<a href="[^/]/g)).toHaveLength(1)
    for (const link of foreign) expect(body).toContain(link)
    expect(body).toContain('sandbox="" srcdoc="&lt;p&gt;')
    expect(body).not.toContain('<script')
    expect(body).not.toContain('http-equiv')
  })

  test('a name that leads to us by somebody else sees nothing: DNS rebinding', async () => {
    const app = open([mail('a')])
    for (const url of ['/mailbox', '/mailbox?json', '/mailbox/a']) {
      expect((await app.inject({ url, headers: { host: 'evil.example' } })).statusCode).toBe(404)
      expect((await app.inject({ url, headers: { host: '127.0.0.1:4000' } })).statusCode).toBe(200)
      const forged = { host: 'evil.example', 'x-forwarded-host': 'localhost' }
      expect((await app.inject({ url, headers: forged })).statusCode).toBe(404)
    }
  })

  test('a mail that is not there is a 404', async () => {
    for (const path of ['/mailbox/x', '/mailbox/%3Cscript%3E', '/mailbox/'])
      expect((await open([mail('a')]).inject(path)).statusCode).toBe(404)
  })
})

test('the home page names mailbox and GraphiQL where they are served', async () => {
  for (const mailbox of [true, false]) {
    const app = fastify()
    addHomePage(app, publicUrl, { mailbox, graphiql: !mailbox, signIn: mailbox })
    const { body, headers } = await app.inject('/')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body.includes('href="/mailbox"')).toBe(mailbox)
    expect(body.includes('href="/graphql"')).toBe(!mailbox)
    expect(body.includes('href="/sign-in"')).toBe(mailbox)
    // The command can be copied as it stands.
    expect(body).toContain(`curl -s ${publicUrl}/graphql -H 'content-type: application/json' \\\n`)
  }
})
