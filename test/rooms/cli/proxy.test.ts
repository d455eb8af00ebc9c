// The command line in a network that only a proxy leads out of, and what each fault of that proxy says.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { generatePrivateKey } from '../../../src/cli/private-key.js'
import { millisecondsUntil } from '../../support/calls.js'
import { CertificateAuthority } from '../../support/certificates.js'
import { pressButton } from '../../support/email-owner.js'
import { type FrontServer, startFrontServer } from '../../support/front-server.js'
import { HttpProxy } from '../../support/http-proxy.js'
import { codeIn, linkIn, mailsTo, smtpInbox } from '../../support/mail-reader.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { closedAddress, serverThatAnswers } from '../client/no-idem.js'
import { installedNodes, Shell } from './shell.js'
import { errorOf, type Run } from './try-cli.js'

const authority = CertificateAuthority.make()
/** A name that no name server knows: only the proxy leads there. */
const url = 'https://idem.test'
const plainUrl = 'http://plain.test'

let smtp: SmtpServer
let idem: TestService
let worker: Worker
let front: FrontServer
beforeAll(async () => {
  smtp = await SmtpServer.start()
  idem = await startTestService({ environment: { IDEM_PUBLIC_URL: url, SMTP_URL: smtp.url } })
  worker = await startTestWorker(idem)
  front = await startFrontServer(() => idem.url, authority.issue(['DNS:idem.test']))
})
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await worker.stop()
  await idem.stop()
  await smtp.stop()
})

const routes = () => ({
  'idem.test:443': front.port,
  'plain.test:80': Number(new URL(idem.url).port),
})

const trust = { NODE_EXTRA_CA_CERTS: authority.file }

/** What `idem status` says with these variables. */
const status = (environment: Record<string, string>, node?: string, at = url): Promise<Run> =>
  new Shell({
    url: at,
    environment: { ...trust, ...environment },
    ...(node === undefined ? {} : { node }),
  }).run(['status', '--json'])

describe.each(installedNodes())('on Node $version', ({ path: node }) => {
  test('a login with a key passes a tunnel of the proxy, and the process ends by itself', async () => {
    await using proxy = await HttpProxy.start({ routes: routes() })
    const shell = new Shell({ url, node, environment: { ...trust, HTTPS_PROXY: proxy.url } })
    const { account } = await shell.ask(['login', '--private-key', '-'], generatePrivateKey().pem)
    expect((await shell.ask(['whoami'])).account.id).toBe(account.id)
    expect([...new Set(proxy.asked)]).toEqual(['CONNECT idem.test:443'])
  })

  test.each(['https_proxy', 'HTTPS_PROXY'])('%s is honoured, without http:// too', async (variable) => {
    await using proxy = await HttpProxy.start({ routes: routes() })
    expect(errorOf(await status({ [variable]: proxy.host }, node))).toMatchObject({ code: 'SIGNED_OUT' })
    expect(proxy.asked).toEqual(['CONNECT idem.test:443'])
  })

  test.each(['http_proxy', 'HTTP_PROXY'])('%s is honoured for http:, without a tunnel', async (variable) => {
    await using proxy = await HttpProxy.start({ routes: routes() })
    const run = await status({ [variable]: proxy.url }, node, plainUrl)
    expect(run.stderr).toContain('SIGNED_OUT')
    expect(proxy.asked).toEqual(['POST http://plain.test/graphql'])
  })

  test('a proxy with TLS is reached by its certificate', async () => {
    const certificate = authority.issue(['IP:127.0.0.1'])
    await using proxy = await HttpProxy.start({ routes: routes(), certificate })
    expect(errorOf(await status({ HTTPS_PROXY: proxy.url }, node))).toMatchObject({ code: 'SIGNED_OUT' })
    expect(proxy.asked).toEqual(['CONNECT idem.test:443'])
  })

  test('a login by the link of a mail hears of it by a stream through the proxy', async () => {
    await using proxy = await HttpProxy.start({ routes: routes() })
    const address = `ada-${process.hrtime.bigint()}@example.org`
    const shell = new Shell({ url, node, environment: { ...trust, HTTPS_PROXY: proxy.url } })
    const talk = shell.open(['login', '--email', address])
    await millisecondsUntil(20_000, async () => talk.said().includes('Match code'))
    await millisecondsUntil(20_000, async () => front.paths.includes('/graphql/stream'))
    const inbox = smtpInbox(smtp)
    const [mail] = await mailsTo(
      async (to) => (await inbox(to)).filter(({ text }) => codeIn(text) !== ''),
      address,
      1,
    )
    const link = linkIn(mail?.text ?? '').replace(url, idem.url)
    await pressButton(link, /Match code: (\d+)/.exec(talk.said())?.[1] ?? '')
    expect(await talk.finished).toMatchObject({ exitCode: 0 })
  })

  test('a proxy that wants a password says so; with it in the address all is well', async () => {
    await using proxy = await HttpProxy.start({ routes: routes(), login: 'ada:p@ss' })
    const tunnel = await status({ HTTPS_PROXY: proxy.url }, node)
    const plain = await status({ HTTP_PROXY: proxy.url }, node, plainUrl)
    const wrong = await status({ HTTPS_PROXY: proxy.url.replace('//', '//ada:TOPSECRET@') }, node)
    for (const { exitCode, stderr } of [tunnel, plain, wrong]) {
      expect(exitCode).toBe(4)
      expect(stderr).not.toContain('TOPSECRET')
      expect(errorOf({ exitCode, stdout: '', stderr: stderr.split('\n').at(-2) ?? '' })).toMatchObject({
        code: 'UNREACHABLE',
        reason: 'PROXY_LOGIN',
        proxy: proxy.url,
        next: expect.stringContaining('http://NAME:PASSWORD@HOST:PORT'),
      })
    }
    const right = await status({ HTTPS_PROXY: proxy.url.replace('//', '//ada:p%40ss@') }, node)
    expect(errorOf(right)).toMatchObject({ code: 'SIGNED_OUT' })
  })

  test.each([
    [403, 'UNREACHABLE', 'PROXY_REFUSED', 'NO_PROXY'],
    [502, 'UNAVAILABLE', 'GATEWAY', 'Try again'],
    [503, 'UNAVAILABLE', 'GATEWAY', 'Try again'],
    [504, 'UNAVAILABLE', 'GATEWAY', 'Try again'],
  ])('a proxy that answers %i', async (refusal, code, reason, next) => {
    await using proxy = await HttpProxy.start({ routes: routes(), refusal })
    const run = await status({ HTTPS_PROXY: proxy.url }, node)
    expect(run.exitCode).toBe(4)
    expect(errorOf(run)).toMatchObject({
      code,
      reason,
      proxy: proxy.url,
      message: expect.stringContaining(`HTTP ${refusal}`),
      next: expect.stringContaining(next),
    })
  })

  test.each([
    ['refuses connections', closedAddress, 'REFUSED'],
    ['has no name', async () => 'http://proxy.invalid:3128', 'NAME_UNKNOWN'],
  ])('a proxy that %s is named, without its password', async (_what, address, reason) => {
    const proxy = await address()
    const secret = proxy.replace('//', '//ada:TOPSECRET@')
    for (const run of [
      await status({ HTTPS_PROXY: secret }, node),
      await status({ HTTP_PROXY: secret }, node, plainUrl),
    ]) {
      const last = { ...run, stderr: run.stderr.split('\n').at(-2) ?? '' }
      expect(run.exitCode).toBe(4)
      expect(run.stderr).not.toContain('TOPSECRET')
      expect(errorOf(last)).toMatchObject({ code: 'UNREACHABLE', reason, proxy })
      expect(errorOf(last)['message']).toContain(`the proxy ${proxy}`)
      expect(errorOf(last)['next']).toContain('HTTPS_PROXY')
    }
  })

  test('certificates through a proxy: that of the server and that of the proxy are told apart', async () => {
    await using proxy = await HttpProxy.start({ routes: routes() })
    const server = await status({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: '' }, node)
    expect(errorOf(server)).toMatchObject({ reason: 'CERTIFICATE_UNTRUSTED' })
    expect(errorOf(server)['message']).toContain(`The certificate of ${url} `)
    const certificate = authority.issue(['DNS:elsewhere.example'])
    await using other = await HttpProxy.start({ routes: routes(), certificate })
    const wrong = await status({ HTTPS_PROXY: other.url }, node)
    expect(errorOf(wrong)).toMatchObject({ reason: 'CERTIFICATE_NAME', proxy: other.url })
    expect(other.asked).toEqual([])
  })
})

test.each([
  ['NO_PROXY', 'elsewhere.example, idem.test'],
  ['no_proxy', '.test'],
  ['NO_PROXY', '*'],
])('%s=%s: the proxy is not asked', async (variable, value) => {
  await using proxy = await HttpProxy.start({ routes: routes() })
  const run = await status({ HTTPS_PROXY: proxy.url, [variable]: value })
  expect(errorOf(run)).toMatchObject({ code: 'UNREACHABLE', reason: 'NAME_UNKNOWN' })
  expect(errorOf(run)).not.toHaveProperty('proxy')
  expect(proxy.asked).toEqual([])
})

test('a server on this machine is reached without the proxy', async () => {
  await using proxy = await HttpProxy.start({ routes: {} })
  await using server = await serverThatAnswers({ body: '{"data":{"__typename":"Query"}}' })
  for (const at of [server.url, server.url.replace('127.0.0.1', 'localhost')])
    expect(errorOf(await status({ HTTP_PROXY: proxy.url }, undefined, at))).toMatchObject({
      code: 'SIGNED_OUT',
    })
  expect(proxy.asked).toEqual([])
})

test('HTTP_PROXY is for http: alone, and an empty variable is none', async () => {
  await using proxy = await HttpProxy.start({ routes: routes() })
  for (const environment of [{ HTTP_PROXY: proxy.url }, { https_proxy: '', HTTPS_PROXY: proxy.url }])
    expect(errorOf(await status(environment))).toMatchObject({ reason: 'NAME_UNKNOWN' })
  expect(proxy.asked).toEqual([])
})

test.each([
  'socks5://ada:TOPSECRET@127.0.0.1:1080',
  'http://TOPSECRET:%zz@127.0.0.1:1',
  'http://:3128',
  'a b',
])('HTTPS_PROXY=%s ends with 2, named without its value', async (value) => {
  const run = await status({ HTTPS_PROXY: value })
  expect(run.exitCode).toBe(2)
  expect(run.stderr).not.toContain('TOPSECRET')
  expect(errorOf(run)).toMatchObject({
    code: 'USAGE',
    message: 'HTTPS_PROXY is not the address of an HTTP proxy.',
  })
})

test.each([
  [['--help'], 'no'],
  [['status', '--url', 'http://127.0.0.1:1'], 'no'],
  [['status'], 'loaded'],
])('the agent for proxies is loaded when it is needed: idem %j', async (words, expected) => {
  const script = `import { createRequire } from 'node:module'
    const { cache } = createRequire(process.cwd() + '/')
    process.on('exit', () => console.error('undici:', Object.keys(cache).some((file) => file.includes('/undici/')) ? 'loaded' : 'no'))`
  const environment = {
    HTTP_PROXY: 'http://127.0.0.1:1',
    HTTPS_PROXY: 'http://127.0.0.1:1',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`,
  }
  const { stderr } = await new Shell({ url, environment }).run(words)
  expect(stderr).toContain(`undici: ${expected}`)
})
