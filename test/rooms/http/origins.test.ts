// Origins: which ones the settings take, in which spelling, and how an operator learns of one that is missing.
import { afterEach, expect, test } from 'vitest'
import { httpSettings } from '../../../src/http/settings.js'
import { sendRaw } from '../../support/raw-http.js'
import { startTestService, type TestService, type TestServiceOptions } from '../../support/start-service.js'

const production = { production: true, other: () => undefined }
const publicUrl = (raw: string) => httpSettings.publicUrl.parse(raw, production)
const allowed = (raw: string) => httpSettings.allowedOrigins.parse(raw, production)

test.each([
  ['https://id.example.org', 'https://id.example.org'],
  ['https://id.example.org/', 'https://id.example.org'],
  ['HTTPS://ID.Example.ORG', 'https://id.example.org'],
  ['https://id.example.org:443', 'https://id.example.org'],
  ['https://id.example.org:443/', 'https://id.example.org'],
  ['https://id.example.org:8443', 'https://id.example.org:8443'],
  ['https://id.example.org:08443', 'https://id.example.org:8443'],
  ['https://id.example.org:', 'https://id.example.org'],
  [' https://id.example.org ', 'https://id.example.org'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ['https://192.0.2.1:4000', 'https://192.0.2.1:4000'],
  ['https://[2001:DB8:0::1]:4000', 'https://[2001:db8::1]:4000'],
  ['https://localhost', 'https://localhost'],
  ['https://a_b.example', 'https://a_b.example'],
])('the origin %s is %s, alone and in a list', (raw, origin) => {
  expect(publicUrl(raw)).toBe(origin)
  expect(allowed(`https://app.example.org, ${raw}`)).toEqual(['https://app.example.org', origin])
})

test('a default port of the other scheme stays', () => {
  expect(allowed('http://app.example.org:80,http://app.example.org:443')).toEqual([
    'http://app.example.org',
    'http://app.example.org:443',
  ])
})

test.each([
  ['https://*.example.org', 'has a wildcard'],
  ['*', 'has a wildcard'],
  ['https://id.example.org/idem', 'has a path'],
  ['https://id.example.org//', 'has a path'],
  ['https://id.example.org/?x', 'has a query'],
  ['https://id.example.org?x', 'has a query'],
  ['https://id.example.org#x', 'has a fragment'],
  ['id.example.org', 'does not begin with https:// or http://'],
  ['id.example.org:443', 'does not begin with https:// or http://'],
  ['//id.example.org', 'does not begin with https:// or http://'],
  ['https:id.example.org', 'does not begin with https:// or http://'],
  ['https:\\\\id.example.org', 'does not begin with https:// or http://'],
  ['ftp://id.example.org', 'does not begin with https:// or http://'],
  ['null', 'does not begin with https:// or http://'],
  ['https://', 'has no host'],
  ['https://:443', 'has no host'],
  ['https://id.example.org:port', 'is not well-formed'],
  ['https://id.example.org:70000', 'is not well-formed'],
  ['https://id.example.org:0', 'has the port 0'],
  ['https://id.exam ple.org', 'is not well-formed'],
  ['https://id.exam\tple.org', 'is not well-formed'],
  ['https://id.example.org\\x', 'is not well-formed'],
  ['https://[::1', 'is not well-formed'],
  ['https://id..example.org', 'has a host that is no name'],
  ['https://-id.example.org', 'has a host that is no name'],
  ['https://id.example.org.', 'has a host that is no name'],
  ['https://{id}.example.org', 'has a host that is no name'],
  ['https://$HOST', 'has a host that is no name'],
  ['https://0x7f.1', 'has a host that means 127.0.0.1'],
  ['https://2130706433', 'has a host that means 127.0.0.1'],
  ['https://%69d.example.org', 'has a host that means id.example.org'],
])('%s is no origin, and the reason is said', (raw, reason) => {
  const sentence = `must be an origin such as https://id.example.org, but "${raw}" ${reason}`
  expect(() => publicUrl(raw)).toThrow(expect.objectContaining({ name: 'SettingProblem', message: sentence }))
  expect(() => allowed(`https://app.example.org, ${raw}`)).toThrow(
    expect.objectContaining({ name: 'SettingProblem', message: sentence }),
  )
})

test('a user in an origin is refused without being repeated, because it may have a password', () => {
  for (const parse of [publicUrl, allowed])
    for (const raw of [
      'https://ada:secret@id.example.org',
      'https://secret@id.example.org',
      'https://:secret@*.example.org/x',
    ])
      expect(() => parse(raw)).toThrow(
        expect.objectContaining({
          message: 'must be an origin such as https://id.example.org, but it names a user or password',
        }),
      )
})

let idem: TestService | null = null
const start = async (options: TestServiceOptions): Promise<TestService> => {
  idem = await startTestService(options)
  return idem
}
afterEach(async () => await idem?.stop())

const preflight = async (service: TestService, origin: string) =>
  await sendRaw(
    service.url,
    `OPTIONS /graphql HTTP/1.1\r\nhost: localhost\r\norigin: ${origin}\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n`,
  )

const get = async (service: TestService, origin: string, path = '/.well-known/jwks.json') =>
  await sendRaw(
    service.url,
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\norigin: ${origin}\r\nconnection: close\r\n\r\n`,
  )

const noted = (service: TestService) =>
  service.logLines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => String(msg).includes('IDEM_ALLOWED_ORIGINS'))

const counted = async (service: TestService) =>
  /^idem_refused_origins_total (\d+)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]

test('a refused origin is logged once, with the setting, and counted each time', async () => {
  const service = await start({
    environment: {
      IDEM_ALLOWED_ORIGINS: 'https://app.example.org',
      IDEM_PUBLIC_URL: 'https://id.example.org',
    },
  })
  for (let round = 0; round < 3; round += 1) {
    await preflight(service, 'https://app.example.com')
    await get(service, 'https://app.example.com')
    await get(service, 'capacitor://localhost')
    await preflight(service, 'null')
    // No mistakes: an allowed page, a page of our own, and the form of the confirm page, whose origin is withheld.
    await preflight(service, 'https://app.example.org')
    await get(service, 'https://id.example.org')
    await get(service, 'null', '/confirm?token=x')
  }
  expect(noted(service).map(({ level, origin }) => [level, origin])).toEqual([
    ['warn', 'https://app.example.com'],
    ['warn', 'capacitor://localhost'],
    ['warn', 'null'],
  ])
  expect(await counted(service)).toBe('12')
})

test('strangers cannot fill the log with origins, nor write into it what they like', async () => {
  const service = await start({ environment: { IDEM_ALLOWED_ORIGINS: 'https://app.example.org' } })
  for (const origin of [
    'https://a.example/?token=secret',
    'secret',
    `https://${'secret'.repeat(100)}.example`,
  ])
    await preflight(service, origin)
  for (let index = 0; index < 30; index += 1) await preflight(service, `https://a${index}.example`)
  expect(noted(service)).toHaveLength(20)
  expect(noted(service)[0].origin).toBe('not an origin')
  expect(noted(service).at(-1)).toMatchObject({
    msg: expect.stringContaining('further ones are only counted'),
  })
  expect(service.logLines.join('')).not.toContain('secret')
  expect(await counted(service)).toBe('33')
})
