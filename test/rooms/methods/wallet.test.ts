// The method `wallet`: the suite of every method, ERC-4361, and secp256k1 taken strictly.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { Wallet } from 'ethers'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { parseSiweMessage, validateSiweMessage } from 'viem/siwe'
import { describe, expect, test } from 'vitest'
import type { Challenge } from '../../../src/challenges/challenge.js'
import { loadJavascriptRecovery, loadNativeRecovery } from '../../../src/methods/wallet/key-recovery.js'
import { personalHash } from '../../../src/methods/wallet/personal-hash.js'
import { type KeySignature, readKeySignature } from '../../../src/methods/wallet/signature.js'
import { describeMethod } from '../../conformance/method.js'
import { atOnce, codeOf, dataOf, setHandle, tally } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { askForWalletChallenge, signInWithSignature, WalletOwner } from '../../support/wallet-owner.js'

const order = secp256k1.Point.Fn.ORDER
/** A key's signature of a text, made without waiting. */
const signNow = (privateKey: Uint8Array, text: string): string => {
  const signed = secp256k1.sign(personalHash(text), privateKey, { prehash: false, format: 'recovered' })
  const [recovery = 0, ...rs] = signed
  return `0x${Buffer.from([...rs, recovery + 27]).toString('hex')}`
}

const nonsense = (bytes: number, fill = 1): string => `0x${Buffer.alloc(bytes, fill).toString('hex')}`

describeMethod({
  name: 'wallet',
  newProver: () => {
    const key = secp256k1.utils.randomSecretKey()
    const { address } = privateKeyToAccount(`0x${Buffer.from(key).toString('hex')}`)
    return {
      request: { address, chainId: 'eip155:1' },
      prove: (challenge: Challenge | null) => ({ signature: signNow(key, challenge?.message ?? '') }),
    }
  },
  malformedProofs: [
    { signature: '' },
    { signature: '0x' },
    { signature: 'x' },
    { signature: nonsense(65).slice(2) },
    { signature: `0X${nonsense(65).slice(2)}` },
    { signature: nonsense(64) },
    { signature: nonsense(66) },
    { signature: nonsense(65, 0) },
    { signature: nonsense(65, 255) },
    { signature: `${nonsense(64)}1b` },
    { signature: `${nonsense(65).slice(0, -1)}g` },
    { signature: nonsense(65).slice(0, -1) },
    { signature: ` ${nonsense(65)}` },
    { signature: `${nonsense(65)}\n` },
    { signature: `0x${'１'.repeat(130)}` },
    { signature: nonsense(8_193) },
    { signature: nonsense(20_000) },
    { signature: '\0'.repeat(132) },
    { signature: '\u{d800}' },
  ],
})

const { idem, tables } = await serviceOfFile({
  environment: { IDEM_THROTTLE_NEW_HANDLES_PER_SOURCE: '1000' },
})

const alice = new WalletOwner(idem)

describe('the text to sign', () => {
  test("is ERC-4361 by viem's parser, field for field", async () => {
    const { message, expiresAt } = await alice.challenge({ handle: 'alice-4361' })
    const { host } = new URL(idem.url)
    const parsed = parseSiweMessage(message)
    expect(parsed).toEqual({
      scheme: 'http',
      domain: host,
      address: alice.address,
      statement: 'Signs in as alice-4361 with this wallet. Purpose: SIGN_IN.',
      uri: idem.url,
      version: '1',
      chainId: 1,
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      issuedAt: idem.clock.now(),
      expirationTime: new Date(expiresAt),
    })
    expect(new Date(expiresAt).getTime() - idem.clock.now().getTime()).toBe(30_000)
    expect(validateSiweMessage({ message: parsed, domain: host, time: idem.clock.now() })).toBe(true)
  })

  test('each challenge has a nonce of its own', async () => {
    const nonces = await atOnce(20, async () => parseSiweMessage((await alice.challenge()).message).nonce)
    expect(new Set(nonces).size).toBe(20)
  })

  test('says what linking and step-up do, and to which account', async () => {
    const { accessToken, accountId } = await new WalletOwner(idem).signIn()
    const wallet = new WalletOwner(idem)
    const statement = async (purpose: string) =>
      parseSiweMessage((await wallet.challenge({ purpose, accessToken })).message).statement
    expect(await statement('LINK_IDENTITY')).toBe(
      `Adds this wallet to the account of ${accountId}. Purpose: LINK_IDENTITY.`,
    )
    dataOf(await setHandle(idem, accessToken, 'statement'))
    expect(await statement('STEP_UP')).toBe(
      'Confirms that it is still you in the session of statement. Purpose: STEP_UP.',
    )
  })

  test('is all ASCII: a handle that is not stands in the resources, percent-encoded', async () => {
    const ivan = new WalletOwner(idem)
    const challenge = await ivan.challenge({ handle: 'жизнь' })
    expect(challenge.message).toMatch(/^[\n -~]+$/)
    const { statement, resources } = parseSiweMessage(challenge.message)
    expect(statement).toBe('Signs in as the handle in the resources with this wallet. Purpose: SIGN_IN.')
    expect(new URL(resources?.[0] ?? '').searchParams.get('handle')).toBe('жизнь')
    const answer = await signInWithSignature(idem, challenge.id, await ivan.sign(challenge.message))
    expect(dataOf(answer).signIn.account.handle).toBe('жизнь')
  })

  test('cannot be given lines of its own through the handle', async () => {
    for (const handle of ['ada\nURI: https://evil.example', 'ada\u2028x', 'ada\r'])
      expect(codeOf(await askForWalletChallenge(idem, alice, { handle }))).toBe('BAD_USER_INPUT')
  })
})

describe('the address and the chain', () => {
  const issue = async (address: string, chainId = '1') =>
    await askForWalletChallenge(idem, { address, chainId })

  test('in any case, and as any spelling of the chain, are the same identity', async () => {
    const wallet = new WalletOwner(idem)
    const { accountId } = await wallet.signIn()
    const digits = wallet.address.slice(2)
    for (const address of [wallet.address, `0x${digits.toLowerCase()}`, `0x${digits.toUpperCase()}`])
      for (const chainId of ['1', 'eip155:1']) {
        const { id, message } = dataOf(await issue(address, chainId)).issueChallenge
        expect(message).toContain(`\n${wallet.address}\n`)
        const answer = await signInWithSignature(idem, id, await wallet.sign(message))
        expect(dataOf(answer).signIn.account.id).toBe(accountId)
      }
  })

  // The vectors of EIP-55.
  test.each([
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x27b1fdb04752bbc536007a920d24acb045561c26',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ])('%s has its checksum, and none with one letter of another case', async (address) => {
    const { message } = dataOf(await issue(address.toLowerCase())).issueChallenge
    expect(message).toContain(`\n${address}\n`)
    expect(codeOf(await issue(address))).toBeNull()
    const digits = [...address.slice(2)]
    const letter = digits.findIndex((digit) => /[a-f]/i.test(digit))
    digits[letter] =
      digits[letter]?.replace(/./, (it) => (it === it.toLowerCase() ? it.toUpperCase() : it.toLowerCase())) ??
      ''
    const answer = await issue(`0x${digits.join('')}`)
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]).toMatchObject({
      message: expect.stringContaining('checksum'),
      extensions: { field: 'address' },
    })
  })

  test.each([
    ['nothing', ''],
    ['no prefix', alice.address.slice(2)],
    ['a digit less', alice.address.slice(0, -1)],
    ['a digit more', `${alice.address}0`],
    ['a capital prefix', alice.address.replace('0x', '0X')],
    ['a name', 'vitalik.eth'],
    ['a CAIP-10 account', `eip155:1:${alice.address}`],
    ['white space', ` ${alice.address}`],
    ['a line end', `${alice.address}\n`],
    ['full-width digits', `0x${'１'.repeat(40)}`],
  ])('%s is no address', async (_what, address) => {
    const answer = await issue(address)
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]).toMatchObject({
      message: expect.stringContaining('0x and 40 hex digits'),
      extensions: { field: 'address' },
    })
  })

  test('a private key that was sent is refused as such, and neither answered nor logged', async () => {
    const key = generatePrivateKey()
    for (const spelling of [key, key.slice(2)]) {
      const answer = await issue(spelling)
      expect(codeOf(answer)).toBe('BAD_USER_INPUT')
      expect(answer.errors[0]?.message).toContain('private key')
      expect(JSON.stringify(answer.errors)).not.toContain(key.slice(2))
    }
    expect(idem.logLines.join('')).not.toContain(key.slice(2))
  })

  test.each([
    '',
    '0',
    '01',
    '-1',
    '1.0',
    '1e3',
    '0x1',
    ' 1',
    '1\n',
    '１',
    'eip155:',
    'eip155:01',
    'EIP155:1',
    'solana:1',
    'eip155:1:0x',
    '4503599627370477',
    '9'.repeat(16),
    '9'.repeat(1_000),
  ])('%j is no chain', async (chainId) => {
    const answer = await issue(alice.address, chainId)
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors[0]?.extensions).toMatchObject({ field: 'chainId' })
  })

  test('one address on two chains is two identities', async () => {
    const key = generatePrivateKey()
    const accounts = await Promise.all(
      ['1', '4503599627370476'].map(async (chain) => await new WalletOwner(idem, key, chain).signIn()),
    )
    expect(accounts.map(({ provisioned }) => provisioned)).toEqual([true, true])
    expect(accounts[0]?.accountId).not.toBe(accounts[1]?.accountId)
  })
})

describe('a signature', () => {
  test('of an ethers wallet holds, and leads where one of viem with the same key does', async () => {
    const key = generatePrivateKey()
    const viemWallet = new WalletOwner(idem, key)
    const { accountId } = await viemWallet.signIn()
    const { id, message } = await viemWallet.challenge()
    const answer = await signInWithSignature(idem, id, await new Wallet(key).signMessage(message))
    expect(dataOf(answer).signIn.account.id).toBe(accountId)
  })

  test('may have v as 0 or 1, or as 27 or 28, and hex in any case', async () => {
    const wallet = new WalletOwner(idem)
    const { accountId } = await wallet.signIn()
    const seen = new Set<string>()
    while (seen.size < 4) {
      const { id, message } = await wallet.challenge()
      const signature = await wallet.sign(message)
      const v = Number.parseInt(signature.slice(-2), 16)
      const spelt = seen.has(String(v)) ? v - 27 : v
      seen.add(String(spelt))
      const sent = `${signature.slice(0, -2)}${spelt.toString(16).padStart(2, '0')}`
      const answer = await signInWithSignature(idem, id, sent.toUpperCase().replace('0X', '0x'))
      expect(dataOf(answer).signIn.account.id).toBe(accountId)
    }
  })

  const changed = (signature: string, at: number): string =>
    `${signature.slice(0, at)}${signature[at] === '1' ? '2' : '1'}${signature.slice(at + 1)}`
  const highS = (signature: string): string => {
    const s = order - BigInt(`0x${signature.slice(66, 130)}`)
    const v = signature.endsWith('1b') ? '1c' : '1b'
    return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`
  }
  const compact = (signature: string): string => {
    const s = BigInt(`0x${signature.slice(66, 130)}`) | (signature.endsWith('1c') ? 1n << 255n : 0n)
    return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}`
  }
  const withV = (signature: string, v: number): string =>
    `${signature.slice(0, -2)}${v.toString(16).padStart(2, '0')}`

  test.each<[string, (signature: string) => string, string]>([
    ['a high s', highS, 'high s'],
    ['the compact form', compact, 'compact form'],
    ['no prefix', (signature) => signature.slice(2), '0x and its bytes in hex'],
    ['two bytes less', (signature) => signature.slice(0, -4), 'not the signature of'],
    ['a byte more', (signature) => `${signature}00`, 'not the signature of'],
    [
      'another v',
      (signature) => withV(signature, signature.endsWith('1b') ? 28 : 27),
      'not the signature of',
    ],
    ['v of EIP-155', (signature) => withV(signature, 37), 'not the signature of'],
    ['v of 29', (signature) => withV(signature, 29), 'not the signature of'],
    ['v of 2', (signature) => withV(signature, 2), 'not the signature of'],
    ['another digit of r', (signature) => changed(signature, 20), 'not the signature of'],
    ['another digit of s', (signature) => changed(signature, 100), 'not the signature of'],
    ['r of 0', (signature) => `0x${'0'.repeat(64)}${signature.slice(66)}`, 'not the signature of'],
    ['s of 0', (signature) => `${signature.slice(0, 66)}${'0'.repeat(64)}1b`, 'not the signature of'],
    [
      'r of the order',
      (signature) => `0x${order.toString(16)}${signature.slice(66)}`,
      'not the signature of',
    ],
    [
      's of the order',
      (signature) => `${signature.slice(0, 66)}${order.toString(16)}1b`,
      'not the signature of',
    ],
  ])('with %s is refused, says why, and leaves nothing behind', async (_what, change, sentence) => {
    const wallet = new WalletOwner(idem)
    const { id, message } = await wallet.challenge()
    const signature = await wallet.sign(message)
    const before = await tables.contents()
    const answer = await signInWithSignature(idem, id, change(signature))
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
    expect(answer.errors[0]?.message).toContain(sentence)
    const { throttle_counter: _counted, ...after } = await tables.contents()
    expect(before).toMatchObject(after)
    expect(dataOf(await signInWithSignature(idem, id, signature)).signIn.provisioned).toBe(true)
  })

  test.each<[string, (message: string) => string]>([
    ["another domain's text", (text) => text.replace(/^\S+/, 'https://evil.example')],
    ["another chain's", (text) => text.replace('Chain ID: 1', 'Chain ID: 137')],
    ["another nonce's", (text) => text.replace(/Nonce: .*/, 'Nonce: 0123456789abcdef')],
    ["another purpose's", (text) => text.replace('SIGN_IN', 'LINK_IDENTITY')],
    ['a text with one character more', (text) => `${text}\n`],
    ['a text with one character less', (text) => text.slice(0, -1)],
    ['a text with one character changed', (text) => text.replace('Version: 1', 'Version: 2')],
    ['a text with the line ends of Windows', (text) => text.replaceAll('\n', '\r\n')],
    ['nothing', () => ''],
  ])('over %s is refused', async (_what, change) => {
    const wallet = new WalletOwner(idem)
    const { id, message } = await wallet.challenge()
    const altered = change(message)
    expect(altered).not.toBe(message)
    const answer = await signInWithSignature(idem, id, await wallet.sign(altered))
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
    expect(answer.errors[0]?.message).toContain('not the signature of')
  })

  test("by another's wallet is refused, and the refusal says that contract wallets are not configured", async () => {
    const { id, message } = await alice.challenge()
    const answer = await signInWithSignature(idem, id, await new WalletOwner(idem).sign(message))
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
    expect(answer.errors[0]?.message).toContain('Contract wallets on eip155:1 are not configured')
  })

  test('does not answer after 30 seconds, nor twice', async () => {
    const wallet = new WalletOwner(idem)
    const { id, message } = await wallet.challenge()
    const signature = await wallet.sign(message)
    expect(codeOf(await signInWithSignature(idem, id, signature))).toBeNull()
    expect(codeOf(await signInWithSignature(idem, id, signature))).toBe('CHALLENGE_SPENT')
    const late = await wallet.challenge()
    idem.clock.advance(30)
    expect(codeOf(await signInWithSignature(idem, late.id, await wallet.sign(late.message)))).toBe(
      'CHALLENGE_EXPIRED',
    )
  })
})

describe('registration', () => {
  test('with a handle that is taken is refused and associates nothing', async () => {
    await new KeyOwner(idem).signIn('first-come')
    const wallet = new WalletOwner(idem)
    expect(codeOf(await wallet.trySignIn('first-come'))).toBe('PROOF_REJECTED')
    expect((await wallet.signIn('second-come')).provisioned).toBe(true)
    expect(codeOf(await wallet.trySignIn('first-come'))).toBe('PROOF_REJECTED')
    expect(await wallet.signIn('second-come')).toMatchObject({ provisioned: false })
  })

  test('at once by 20 challenges of one wallet makes one account', async () => {
    const wallet = new WalletOwner(idem)
    const answers = await atOnce(20, async () => await wallet.trySignIn())
    expect(tally(answers)).toEqual({ ok: 20 })
    expect(new Set(answers.map((answer) => answer.data.signIn.account.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.data.signIn.provisioned).length).toBe(1)
  })

  test('the identity is the CAIP-10 account with its checksum', async () => {
    const { accessToken } = await alice.signIn()
    const { me } = dataOf(
      await idem.askAs(accessToken, '{ me { identities { method methodName issuer subject } } }'),
    )
    expect(me.identities).toEqual([
      {
        method: 'wallet',
        methodName: 'Ethereum wallet',
        issuer: 'eip155:1',
        subject: `eip155:1:${alice.address}`,
      },
    ])
  })
})

describe('recovery', () => {
  test('natively and in JavaScript gives the same, for right signatures and for wrong ones', async () => {
    const native = loadNativeRecovery()
    const javascript = await loadJavascriptRecovery()
    const signatures: [Uint8Array, KeySignature][] = []
    for (let index = 0; index < 20; index++) {
      const text = `text ${index}`
      const bytes = Buffer.from((await alice.sign(text)).slice(2), 'hex')
      const hash = personalHash(text)
      const signature = readKeySignature(bytes)
      if (signature === null) throw new Error('no signature')
      const other = signature.parity === 0 ? 1 : 0
      signatures.push([hash, signature], [hash, { ...signature, parity: other }])
      signatures.push([
        hash,
        { ...signature, rs: Buffer.concat([signature.rs.subarray(32), signature.rs.subarray(0, 32)]) },
      ])
      signatures.push([personalHash('another'), signature])
    }
    const edges = [0n, 1n, order - 1n, order, 2n ** 256n - 1n].map((value) =>
      Buffer.from(value.toString(16).padStart(64, '0'), 'hex'),
    )
    for (const r of edges)
      for (const s of edges)
        for (const parity of [0, 1] as const)
          signatures.push([personalHash('edge'), { rs: Buffer.concat([r, s]), parity, hasLowS: true }])
    const hexOf = (key: Uint8Array | null) => key && Buffer.from(key).toString('hex')
    const inJavascript = signatures.map(([hash, signature]) => hexOf(javascript.recover(hash, signature)))
    expect(inJavascript.filter((key) => key === null).length).toBeGreaterThan(30)
    expect(inJavascript.filter((key) => key !== null).length).toBeGreaterThan(60)
    if (native === null) return
    expect(signatures.map(([hash, signature]) => hexOf(native.recover(hash, signature)))).toEqual(
      inJavascript,
    )
  })

  test('is native on the machines for which the package brings a binary', () => {
    const machine = `${process.platform}-${process.arch}`
    if (['linux-x64', 'darwin-arm64', 'win32-x64'].includes(machine))
      expect(loadNativeRecovery()?.kind).toBe('native')
  })
})
