// The login with a wallet's key: every form of the key, what is no such key, and the text that it signs.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Wallet } from 'ethers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { codeOf, dataOf } from '../../support/calls.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { WalletOwner } from '../../support/wallet-owner.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let machine: TestMachine
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(async () => await idem.stop())
beforeEach(() => {
  machine = new TestMachine({ url: idem.url, clock: idem.clock })
})

const put = (text: string | Uint8Array, name = 'wallet.hex'): string => {
  writeFileSync(machine.file(name), text, { mode: 0o600 })
  return machine.file(name)
}

/** A PEM of an EC key, and its secret in hex. */
const ecKey = (namedCurve: string, type: 'sec1' | 'pkcs8') => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex')
  return { pem: privateKey.export({ format: 'pem', type }).toString(), secret }
}

test('a wallet registers with a handle, comes back by itself, and proves itself again', async () => {
  const wallet = Wallet.createRandom()
  const file = put(`${wallet.privateKey}\n`)
  const first = await machine.ask(['login', '--wallet-key', file, '--handle', 'wallet-owner'])
  expect(first).toMatchObject({ provisioned: true, account: { handle: 'wallet-owner' } })
  expect(machine.kept.login).toMatchObject({ method: 'wallet', address: wallet.address, chainId: '1' })
  expect(JSON.stringify(machine.config)).not.toContain(wallet.privateKey.slice(2))
  expect(await machine.ask(['login'])).toMatchObject({
    provisioned: false,
    account: { id: first.account.id },
  })
  const { identities } = await machine.ask(['identities'])
  expect(identities).toMatchObject([{ method: 'wallet', subject: `eip155:1:${wallet.address}`, isOwn: true }])
  idem.clock.advance(601)
  const { file: key } = await machine.keygen('ada.pem')
  await machine.ask(['keys', 'add', '--private-key', key])
})

test('the login is by one chain: the same wallet on another one is another identity', async () => {
  const wallet = new WalletOwner(idem)
  const { address, privateKey } = wallet
  await machine.ask(['login', '--wallet-key', put(privateKey)])
  const elsewhere = new WalletOwner(idem, privateKey, 'eip155:10')
  dataOf(await elsewhere.link(machine.kept.tokens.accessToken))
  const { identities } = await machine.ask(['identities'])
  const own = identities.map(({ subject, isOwn }: { subject: string; isOwn: boolean }) => [subject, isOwn])
  expect(own).toEqual([
    [`eip155:1:${address}`, true],
    [`eip155:10:${address}`, false],
  ])
  const removed = await machine.ask(['identities', 'remove', `eip155:10:${address}`])
  expect(removed).toMatchObject({ signedOut: false })
})

test('a session that is over is opened again with the file', async () => {
  const file = put(Wallet.createRandom().privateKey)
  const { account } = await machine.ask(['login', '--wallet-key', file])
  const bearer = machine.kept.tokens.accessToken
  expect(codeOf(await idem.askAs(bearer, 'mutation { endSession }'))).toBeNull()
  expect(await machine.ask(['whoami'])).toMatchObject({ account: { id: account.id } })
})

const formsOf = (): readonly (readonly [string, string | Uint8Array, string])[] => {
  const { privateKey, address } = Wallet.createRandom()
  const digits = privateKey.slice(2)
  const [sec1, pkcs8] = [ecKey('secp256k1', 'sec1'), ecKey('secp256k1', 'pkcs8')]
  const utf16 = Uint8Array.from([0xff, 0xfe, ...Buffer.from(`${privateKey}\r\n`, 'utf16le')])
  return [
    ['hex with 0x', privateKey, address],
    ['hex in upper case without 0x', digits.toUpperCase(), address],
    ['hex in quotes', `"${digits}"\n`, address],
    ['hex in UTF-16', utf16, address],
    ['a SEC 1 PEM', sec1.pem, new Wallet(`0x${sec1.secret}`).address],
    [
      'a PKCS#8 PEM with other line ends',
      pkcs8.pem.replaceAll('\n', '\r\n'),
      new Wallet(`0x${pkcs8.secret}`).address,
    ],
  ]
}

test.each(formsOf())('%s is read', async (_what, text, address) => {
  await machine.ask(['login', '--wallet-key', put(text)])
  expect(machine.kept.login.address).toBe(address)
})

test('a key from a pipe is used, and is not remembered', async () => {
  const wallet = Wallet.createRandom()
  const run = await machine.run(['login', '--wallet-key', '-', '--chain', 'eip155:10'], {
    stdin: wallet.privateKey,
  })
  expect(run).toMatchObject({ exitCode: 0 })
  expect(machine.kept.login).toMatchObject({ chainId: '10', walletKeyFile: null })
})

const phrase = Wallet.createRandom().mnemonic?.phrase ?? ''
const { privateKey: ed25519 } = generateKeyPairSync('ed25519')
const encrypted = generateKeyPairSync('ec', {
  namedCurve: 'secp256k1',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

test.each([
  [
    'a keystore',
    '{"address":"00","crypto":{"cipher":"aes-128-ctr"},"version":3}',
    'KEY_ENCRYPTED',
    /keystore.*encrypted/,
  ],
  ['an encrypted PEM', encrypted.privateKey, 'KEY_ENCRYPTED', /encrypted/],
  ['other JSON', '{"a":1}', 'KEY_UNREADABLE', /JSON/],
  ['an address', Wallet.createRandom().address, 'KEY_UNREADABLE', /an address/],
  ['a public key', `0x04${'ab'.repeat(64)}`, 'KEY_UNREADABLE', /a public key/],
  ['a public PEM', encrypted.publicKey, 'KEY_UNREADABLE', /a public key/],
  ['a recovery phrase', phrase, 'KEY_UNREADABLE', /recovery phrase/],
  ['an extended key', `xprv${'9'.repeat(100)}`, 'KEY_UNREADABLE', /many accounts/],
  ['a key of another curve', ecKey('prime256v1', 'pkcs8').pem, 'KEY_UNREADABLE', /prime256v1|P-256|NIST/i],
  [
    'an Ed25519 key',
    ed25519.export({ format: 'pem', type: 'pkcs8' }).toString(),
    'KEY_UNREADABLE',
    /Ed25519, not for secp256k1/,
  ],
  ['zero', `0x${'0'.repeat(64)}`, 'KEY_UNREADABLE', /no key of secp256k1/],
  ['the order of the curve and more', 'f'.repeat(64), 'KEY_UNREADABLE', /no key of secp256k1/],
  ['31 bytes', 'ab'.repeat(31), 'KEY_UNREADABLE', /no private key/],
  ['nothing', '', 'KEY_UNREADABLE', /no private key/],
  [
    'a PEM that is cut off',
    ecKey('secp256k1', 'pkcs8').pem.replace(/.{20}\n-----END/, '\n-----END'),
    'KEY_UNREADABLE',
    /damaged/,
  ],
  ['bytes', Uint8Array.of(0x30, 0x81, 0xff, 0x00, 0xfe), 'KEY_UNREADABLE', /binary/],
] as const)('%s is named, and nothing is sent', async (_what, text, code, message) => {
  const run = await machine.run(['login', '--wallet-key', put(text), '--json'])
  expect(run.exitCode).toBe(6)
  expect(errorOf(run)).toMatchObject({
    code,
    message: expect.stringMatching(message),
    next: expect.any(String),
  })
})

test.each([
  ['a key', '--wallet-key', Wallet.createRandom().privateKey],
  ['a key without its last digit', '--wallet-key', Wallet.createRandom().privateKey.slice(2, -1)],
  ['a recovery phrase', '--wallet-key', phrase],
  ['an extended key', '--wallet-key', `xprv${'9'.repeat(100)}`],
  ['an Ed25519 seed with a digit too many', '--private-key', randomBytes(33).toString('hex').slice(1)],
])('%s on the command line is refused and not repeated', async (_what, option, secret) => {
  const run = await machine.run(['login', option, secret, '--json'])
  expect(errorOf(run)).toMatchObject({ code: 'USAGE' })
  expect(run.stderr).not.toContain(secret.slice(2, 20))
})
