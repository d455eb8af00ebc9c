// Where a request came from: only addresses count, each in one spelling, whatever a proxy forwards.
import { expect, test } from 'vitest'
import { clientSource } from '../../../src/http/client-source.js'
import { httpSettings } from '../../../src/http/settings.js'

const sourceOf = (forwarded: string | undefined, peer: string | undefined = '192.0.2.200') => {
  const { address, network } = clientSource({ forwarded, peer, userAgent: undefined })
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
  const source = clientSource({ forwarded: undefined, peer: undefined, userAgent: undefined })
  expect(source).toEqual({ address: 'unknown', network: 'unknown', userAgent: null, acceptLanguage: null })
})

test('a user agent holds nothing that moves the cursor or turns the direction, and is cut', () => {
  const named = (userAgent: string) =>
    clientSource({ forwarded: '192.0.2.1', peer: undefined, userAgent }).userAgent
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
