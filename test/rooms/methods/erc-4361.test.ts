// The text of a wallet challenge follows the grammar of ERC-4361, and the vectors of its reference implementation hold.
import { parseSiweMessage } from 'viem/siwe'
import { describe, expect, test } from 'vitest'
import type { ChallengePurpose } from '../../../src/challenges/challenge.js'
import { Failure } from '../../../src/failure.js'
import { isAddressOf, parseAddress } from '../../../src/methods/wallet/address.js'
import { parseChain } from '../../../src/methods/wallet/chain.js'
import { loadKeyRecovery } from '../../../src/methods/wallet/key-recovery.js'
import { composeMessage } from '../../../src/methods/wallet/message.js'
import { personalHash } from '../../../src/methods/wallet/personal-hash.js'
import { parseSignature, readKeySignature } from '../../../src/methods/wallet/signature.js'
import {
  rightSignatures,
  rightTexts,
  type SignedVector,
  wrongSignatures,
  wrongTexts,
} from '../../support/siwe-vectors.js'

// The rules of the ABNF in ERC-4361, with those of RFC 3986 and RFC 3339 that it names.
const unreserved = '[A-Za-z0-9\\-._~]'
const subDelims = "[!$&'()*+,;=]"
const percent = '%[0-9A-Fa-f]{2}'
const reserved = "[:/?#\\[\\]@!$&'()*+,;=]"
const pchar = `(?:${unreserved}|${percent}|${subDelims}|[:@])`
const authority = `(?:(?:${unreserved}|${percent}|${subDelims}|:)*@)?(?:\\[[0-9A-Fa-f:.]+\\]|(?:${unreserved}|${percent}|${subDelims})+)(?::\\d*)?`
const uri = `[A-Za-z][A-Za-z0-9+\\-.]*:(?://${authority}(?:/${pchar}*)*|/?${pchar}+(?:/${pchar}*)*)(?:\\?(?:${pchar}|[/?])*)?(?:#(?:${pchar}|[/?])*)?`
const dateTime = '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:Z|[+-]\\d{2}:\\d{2})'
const grammar = new RegExp(
  [
    `^(?:[A-Za-z][A-Za-z0-9+\\-.]*://)?${authority} wants you to sign in with your Ethereum account:`,
    '0x[0-9A-Fa-f]{40}',
    '',
    `(?:(?:${reserved}|${unreserved}| )+\n)?`,
    `URI: ${uri}`,
    'Version: 1',
    'Chain ID: \\d+',
    'Nonce: [A-Za-z0-9]{8,}',
    `Issued At: ${dateTime}(?:`,
    `Expiration Time: ${dateTime})?(?:`,
    `Not Before: ${dateTime})?(?:`,
    `Request ID: ${pchar}*)?(?:`,
    `Resources:(?:`,
    `- ${uri})*)?$`,
  ].join('\n'),
)

describe('the grammar, as this test has it', () => {
  test.each(Object.entries(rightTexts))('parses the vector: %s', (_name, text) => {
    expect(text).toMatch(grammar)
  })
  test.each(Object.entries(wrongTexts))('refuses the vector: %s', (_name, text) => {
    expect(text).not.toMatch(grammar)
  })
})

describe('the text of a challenge', () => {
  const address = parseAddress('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')
  const issuedAt = new Date('2026-01-02T03:04:05.678Z')
  const expiresAt = new Date('2026-01-02T03:04:35.678Z')

  test.each([
    ['https://id.example.org', null],
    ['https://id.example.org:8443', 'ada'],
    ['http://localhost:4000', 'a_b-c.d9'],
    ['http://localhost:4000', 'жизнь'],
    ['http://127.0.0.1', '愛愛愛'],
    ['https://xn--bcher-kva.example', 'señor-ünïcode'],
  ])('of %s for %s follows it, for each purpose', (publicUrl, name) => {
    for (const purpose of ['SIGN_IN', 'LINK_IDENTITY', 'STEP_UP'] as ChallengePurpose[]) {
      const domain = new URL(publicUrl).host
      const accountName = purpose === 'SIGN_IN' ? null : (name ?? '0198c0de-0000-7000-8000-000000000000')
      const text = composeMessage(
        { chain: parseChain('137'), address, handle: purpose === 'SIGN_IN' ? name : null, publicUrl },
        { purpose, domain, nonce: '0123456789abcdef0123456789abcdef', issuedAt, expiresAt, accountName },
      )
      expect(text).toMatch(grammar)
      const parsed = parseSiweMessage(text)
      expect(parsed).toMatchObject({ address, uri: publicUrl, chainId: 137, expirationTime: expiresAt })
      expect(parsed.statement).toContain(`Purpose: ${purpose}.`)
      const named = name ?? accountName
      const quoted = parsed.resources?.map((resource) => new URL(resource).searchParams.get('handle'))
      if (named !== null) expect([parsed.statement, ...(quoted ?? [])].join()).toContain(named)
    }
  })
})

test('an installation at an address of IPv6 is named as the grammar has it', () => {
  const terms = {
    nonce: '0123456789abcdef',
    issuedAt: new Date(0),
    expiresAt: new Date(0),
    accountName: null,
  }
  const text = composeMessage(
    {
      chain: 'eip155:1',
      address: parseAddress(`0x${'0'.repeat(40)}`),
      handle: null,
      publicUrl: 'http://[::1]:4000',
    },
    { ...terms, purpose: 'SIGN_IN', domain: '[::1]:4000' },
  )
  expect(text).toMatch(grammar)
})

describe('a signature over a text', () => {
  const isOfAddress = async ({ address, text, signature }: SignedVector): Promise<boolean> => {
    try {
      const read = readKeySignature(parseSignature(signature))
      const publicKey = read && (await loadKeyRecovery()).recover(personalHash(text), read)
      return publicKey !== null && isAddressOf(parseAddress(address), publicKey)
    } catch (error) {
      if (error instanceof Failure && error.code === 'PROOF_REJECTED') return false
      throw error
    }
  }
  test.each(rightSignatures)('holds by the vector: $name', async (vector) => {
    expect(vector.text).toMatch(grammar)
    expect(await isOfAddress(vector)).toBe(true)
    expect(await isOfAddress({ ...vector, text: `${vector.text} ` })).toBe(false)
  })
  test.each(wrongSignatures)('does not hold by the vector: $name', async (vector) => {
    expect(await isOfAddress(vector)).toBe(false)
  })
})
