// Where a request came from: only addresses count, each in one spelling, whatever a proxy forwards.
import { expect, test } from 'vitest'
import { createClientAddress } from '../../../src/http/client-address.js'
import { clientSource } from '../../../src/http/client-source.js'
import { httpSettings } from '../../../src/http/settings.js'
import { startTestService } from '../../support/start-service.js'

/** Two hops of proxies, the nearer one by its address, the others by their network. */
const trustedProxies = ['192.0.2.200', '10.0.0.0/8', '2001:db8:aaaa::/48']
const proxy = '192.0.2.200'

/** The address for a request with these headers. */
const addressOf = (
  headers: Readonly<Record<string, string>>,
  {
    peer = proxy,
    header = 'x-forwarded-for',
  }: { peer?: string; header?: 'x-forwarded-for' | 'forwarded' } = {},
): string => {
  const warn = () => undefined
  return createClientAddress({ trustedProxies, forwardedHeader: header }, { warn })(headers, peer)
}

const sourceOf = (forwarded: string) => {
  const { address, network } = clientSource({
    address: addressOf({ 'x-forwarded-for': forwarded }),
    userAgent: undefined,
  })
  return { address, network }
}

test.each([
  ['1.2.3.4', '1.2.3.4', '1.2.3.4'],
  ['1.2.3.4:5678', '1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4', '1.2.3.4'],
  ['[::ffff:102:304]:80', '1.2.3.4', '1.2.3.4'],
  ['2001:db8::1', '2001:db8::1', '2001:db8::/64'],
  ['2001:0DB8:0:0::1', '2001:db8::1', '2001:db8::/64'],
  ['[2001:db8::1]:443', '2001:db8::1', '2001:db8::/64'],
  ['[2001:db8::1]', '2001:db8::1', '2001:db8::/64'],
  ['fe80::1%eth0', 'fe80::1', 'fe80::/64'],
  ['[fe80::1%25eth0]:443', 'fe80::1', 'fe80::/64'],
])('%s is the address %s of the network %s', (forwarded, address, network) => {
  expect(sourceOf(forwarded)).toEqual({ address, network })
})

test.each([
  '',
  'unknown',
  '_hidden',
  '10',
  '0x7f.1',
  '127.1',
  '010.0.0.1',
  '1.2.3.4:',
  '1.2.3.4:5678:9',
  '1.2.3.4 5',
  '[1.2.3.4',
  '2001:db8::1::2',
  '<script>',
  '%eth0',
  '['.repeat(10_000),
  '1.'.repeat(10_000),
])('what is forwarded as %j is no address: the connection counts', (forwarded) => {
  expect(sourceOf(forwarded)).toEqual({ address: '192.0.2.200', network: '192.0.2.200' })
})

test('requests whose connection is gone count as one source', () => {
  const address = createClientAddress(
    { trustedProxies, forwardedHeader: 'forwarded' },
    { warn: () => undefined },
  )({}, undefined)
  const source = clientSource({ address, userAgent: undefined })
  expect(source).toEqual({ address: 'unknown', network: 'unknown', userAgent: null, acceptLanguage: null })
})

test.each([
  // Nobody but the last untrusted one can have written what follows it.
  ['6.6.6.6, 1.2.3.4', '1.2.3.4'],
  ['6.6.6.6, 1.2.3.4, 10.0.0.1', '1.2.3.4'],
  ['6.6.6.6, 10.0.0.9, 1.2.3.4, 10.0.0.1', '1.2.3.4'],
  ['10.0.0.9, 10.0.0.1', '10.0.0.9'],
  // With ports, brackets and blanks, of the client and of each proxy.
  ['1.2.3.4:5678, 10.0.0.1:443', '1.2.3.4'],
  ['[2001:db8::1]:443, [2001:db8:aaaa::2]:8080, 10.0.0.1', '2001:db8::1'],
  ['2001:db8::1, ::ffff:10.0.0.1', '2001:db8::1'],
  [' 1.2.3.4 ,\t10.0.0.1 , , ', '1.2.3.4'],
  [',,1.2.3.4,,', '1.2.3.4'],
  // What is no address was written by the proxy that is named after it.
  ['6.6.6.6, unknown', proxy],
  ['6.6.6.6, unknown, 10.0.0.1', '10.0.0.1'],
  ['6.6.6.6, _hidden, 10.0.0.1', '10.0.0.1'],
  ['6.6.6.6, unix:, 10.0.0.1:1', '10.0.0.1'],
  ['', proxy],
  [' , ', proxy],
  [`${'10.0.0.1,'.repeat(5_000)}10.0.0.1`, '10.0.0.1'],
])('X-Forwarded-For: %s is %s', (value, address) => {
  expect(addressOf({ 'x-forwarded-for': value })).toBe(address)
})

test.each([
  ['for=1.2.3.4', '1.2.3.4'],
  ['For=1.2.3.4;proto=https;by=203.0.113.43', '1.2.3.4'],
  ['proto=https ; FOR="1.2.3.4:5678" ; host="id.example.org"', '1.2.3.4'],
  ['for="[2001:db8::1]:4711"', '2001:db8::1'],
  ['for="[2001:DB8:0::1]"', '2001:db8::1'],
  ['for=[2001:db8::1]:4711', '2001:db8::1'],
  ['for="1.2.3.4:_port"', '1.2.3.4'],
  ['for="\\1.2.3.4"', '1.2.3.4'],
  ['for=6.6.6.6, for=1.2.3.4;proto=http, for=10.0.0.1', '1.2.3.4'],
  ['for=6.6.6.6,for="1.2.3.4:80",for="[2001:db8:aaaa::2]:80"', '1.2.3.4'],
  [', for=1.2.3.4 , ,', '1.2.3.4'],
  ['for=1.2.3.4;', '1.2.3.4'],
  // A comma and a semicolon in quotes are of the value.
  ['for=1.2.3.4;ext="a, for=6.6.6.6;for=6.6.6.6"', '1.2.3.4'],
  ['for=1.2.3.4;ext="a \\", for=6.6.6.6"', '1.2.3.4'],
  // A client that leaves a quote open cannot hide what a proxy adds.
  ['for=6.6.6.6;x=", for=1.2.3.4', '1.2.3.4'],
  ['for=6.6.6.6;x=", for="[2001:db8::1]:4711"', '2001:db8::1'],
  ['for="6.6.6.6\\, for=1.2.3.4', '1.2.3.4'],
  // Unknown and obfuscated clients: the proxy that forwarded them counts.
  ['for=6.6.6.6, for=unknown', proxy],
  ['for=6.6.6.6, for=_hidden, for=10.0.0.1', '10.0.0.1'],
  ['for=6.6.6.6, for="_hidden:80", for=10.0.0.1', '10.0.0.1'],
  ['for=6.6.6.6, proto=https', proxy],
  // What is not well-formed says nothing.
  ['for=6.6.6.6, for=1.2.3.4;for=5.6.7.8', proxy],
  ['for=6.6.6.6, for=1.2.3.4 proto=https', proxy],
  ['for=6.6.6.6, for="1.2.3.4"x', proxy],
  ['1.2.3.4', proxy],
  ['', proxy],
  ['"'.repeat(10_000), proxy],
  ['\\"'.repeat(5_000), proxy],
])('Forwarded: %s is %s', (value, address) => {
  expect(addressOf({ forwarded: value }, { header: 'forwarded' })).toBe(address)
})

test("one header is read, that of the setting: the other one may be the client's own", () => {
  const both = { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=5.6.7.8' }
  expect(addressOf(both)).toBe('1.2.3.4')
  expect(addressOf(both, { header: 'forwarded' })).toBe('5.6.7.8')
  expect(addressOf({ forwarded: 'for=6.6.6.6' })).toBe(proxy)
  expect(addressOf({ 'x-forwarded-for': '6.6.6.6' }, { header: 'forwarded' })).toBe(proxy)
})

test('who is no trusted proxy forwards nothing', () => {
  const headers = { 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6' }
  for (const header of ['x-forwarded-for', 'forwarded'] as const) {
    expect(addressOf(headers, { peer: '192.0.2.201', header })).toBe('192.0.2.201')
    expect(addressOf(headers, { peer: '::ffff:192.0.2.201', header })).toBe('192.0.2.201')
    expect(addressOf(headers, { peer: '::ffff:192.0.2.200', header })).toBe('6.6.6.6')
    const nobody = createClientAddress(
      { trustedProxies: [], forwardedHeader: header },
      { warn: () => undefined },
    )
    expect(nobody(headers, proxy)).toBe(proxy)
  }
})

test('a proxy that is trusted and writes the other header is noted once', async () => {
  const idem = await startTestService({ environment: { IDEM_TRUSTED_PROXIES: '127.0.0.1' } })
  const noted = () =>
    idem.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg.includes('IDEM_FORWARDED_HEADER'))
  try {
    await idem.ask('{ __typename }')
    await idem.ask('{ __typename }', {}, { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=secret' })
    expect(noted()).toEqual([])
    for (let round = 0; round < 3; round += 1)
      await idem.ask('{ __typename }', {}, { forwarded: 'for=secret' })
    expect(noted()).toMatchObject([{ level: 'warn' }])
    expect(idem.logLines.join('')).not.toContain('secret')
  } finally {
    await idem.stop()
  }
})

test('a user agent holds nothing that moves the cursor or turns the direction, and is cut', () => {
  const named = (userAgent: string) => clientSource({ address: '192.0.2.1', userAgent }).userAgent
  expect(named('curl\n8\u001b[2J')).toBe('curl 8 [2J')
  expect(named('curl\u202e8\u2066x\u200fy\u2028z')).toBe('curl 8 x y z')
  expect(named('\u202e\u061c')).toBeNull()
  expect(named('a'.repeat(1_000))).toHaveLength(256)
})

const trusted = (raw: string) =>
  httpSettings.trustedProxies.parse(raw, { production: true, other: () => undefined })

test.each(['10.0.0.1', '10.0.0.0/8', '192.0.2.1/32', '::1', '2001:db8::/32', '::ffff:10.0.0.1', 'fd00::/8'])(
  'the proxy %s can be trusted',
  (entry) => {
    expect(trusted(entry)).toEqual([entry])
  },
)

test.each([
  '10',
  '10/8',
  '10.0.0',
  '0x0a000001',
  '167772161',
  '010.0.0.1',
  '10.0.0.0/33',
  '10.0.0.0/0',
  '::/0',
  '10.0.0.0/08',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/255.0.0.0',
  '2001:db8::/129',
  '10.0.0.1:80',
  'loopback',
  'proxy.example.org',
])('%s is neither an address nor a network, and trusts nobody', (entry) => {
  expect(() => trusted(`127.0.0.1, ${entry}`)).toThrow(/must list addresses or networks/)
})
