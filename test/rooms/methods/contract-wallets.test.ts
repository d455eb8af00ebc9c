// Contract wallets on a real chain: ERC-1271, ERC-6492, and nodes that fail in every way.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Address, type Hex, serializeErc6492Signature } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, tally } from '../../support/calls.js'
import { findAnvil, LocalChain } from '../../support/local-chain.js'
import { type Answer, startTestService, type TestService } from '../../support/start-service.js'
import { askForWalletChallenge, signInWithSignature, WalletOwner } from '../../support/wallet-owner.js'

const anvil = findAnvil()
/** Where it must not be missing: there a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

type Respond = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A node of the chain 137 that answers as a test says, and counts. */
class OddNode {
  respond: Respond = () => undefined
  readonly bodies: string[] = []
  #url = ''
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      this.bodies.push(body)
      this.respond(request, response, body)
    })
  })

  get url(): string {
    return this.#url
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    this.#url = `http://user:pass%2Fword@127.0.0.1:${port}/v2/the-secret-api-key?also=secret`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const asJson = (response: ServerResponse, answer: object, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}
/** A node that knows its chain, and answers a call so. */
const onCall =
  (answer: (response: ServerResponse) => void): Respond =>
  (_request, response, body) => {
    if (body.includes('eth_chainId')) asJson(response, { jsonrpc: '2.0', id: 1, result: '0x89' })
    else answer(response)
  }

describe.skipIf(anvil === null && !isRequired)('contract wallets (need anvil)', () => {
  let chain: LocalChain
  let idem: TestService
  const node = new OddNode()
  const owner = privateKeyToAccount(generatePrivateKey())
  let wallet: Address
  let factory: Address

  beforeAll(async () => {
    if (anvil === null) throw new Error('anvil is not installed for this machine')
    chain = await LocalChain.start(anvil)
    await node.start()
    wallet = await chain.deploy('OwnedWallet', [owner.address])
    factory = await chain.deploy('WalletFactory')
    idem = await startTestService({
      environment: {
        IDEM_WALLET_RPC: `31337=${chain.url}, eip155:137=${node.url}, eip155:5=${chain.url}`,
        IDEM_THROTTLE_CONTRACTS_PER_SUBJECT: '60',
      },
    })
  })
  afterAll(async () => {
    await idem?.stop()
    await node.stop()
    await chain?.stop()
  })
  beforeEach(() => {
    node.bodies.length = 0
  })

  /** Signs in at an address on a chain, with what is made of the text. */
  const signIn = async (
    address: string,
    sign: (message: string) => Promise<string>,
    chainId = 'eip155:31337',
  ): Promise<Answer> => {
    const { id, message } = dataOf(await askForWalletChallenge(idem, { address, chainId })).issueChallenge
    return await signInWithSignature(idem, id, await sign(message))
  }
  const byOwner = async (message: string) => await owner.signMessage({ message })
  const deploying =
    (deployment: Hex, signer = owner) =>
    async (message: string) =>
      serializeErc6492Signature({
        address: factory,
        data: deployment,
        signature: await signer.signMessage({ message }),
      })

  test('a deployed one (ERC-1271) registers and comes back, by the signature of its owner', async () => {
    const first = dataOf(await signIn(wallet, byOwner)).signIn
    expect(first).toMatchObject({ provisioned: true, account: { kind: 'PERSON' } })
    const second = dataOf(await signIn(wallet.toLowerCase(), byOwner)).signIn
    expect(second).toMatchObject({ provisioned: false, account: { id: first.account.id } })
    // The owner's own address is another identity.
    expect(dataOf(await signIn(owner.address, byOwner)).signIn.account.id).not.toBe(first.account.id)
  })

  test('is refused by the signature of a stranger, of another text, and of no form it knows', async () => {
    const stranger = privateKeyToAccount(generatePrivateKey())
    for (const sign of [
      async (message: string) => await stranger.signMessage({ message }),
      async (message: string) => await owner.signMessage({ message: `${message}\n` }),
      async () => '0x01',
      async () => `0x${'22'.repeat(8_192)}`,
    ]) {
      const answer = await signIn(wallet, sign)
      expect(codeOf(answer)).toBe('PROOF_REJECTED')
      expect(answer.errors[0]?.message).toBe(`This is not the signature of ${wallet} over the message.`)
    }
  })

  test('one that is not deployed yet (ERC-6492) registers, stays undeployed, and comes back once it is', async () => {
    const person = privateKeyToAccount(generatePrivateKey())
    const address = await chain.addressOf(factory, person.address)
    const deployment = chain.deploymentOf(person.address)
    expect(codeOf(await signIn(address, async (message) => await person.signMessage({ message })))).toBe(
      'PROOF_REJECTED',
    )
    const first = dataOf(await signIn(address, deploying(deployment, person))).signIn
    expect(first.provisioned).toBe(true)
    expect(await chain.client.getCode({ address })).toBeUndefined()
    const [account] = await chain.client.getAddresses()
    if (account === undefined) throw new Error('anvil has no account')
    const hash = await chain.client.sendTransaction({ account, to: factory, data: deployment, chain: null })
    await chain.client.waitForTransactionReceipt({ hash })
    const bare = async (message: string) => await person.signMessage({ message })
    for (const sign of [bare, deploying(deployment, person)])
      expect(dataOf(await signIn(address, sign)).signIn.account.id).toBe(first.account.id)
  })

  test('a wrapped signature is refused where its call deploys another wallet, or none', async () => {
    const [mine, theirs] = [
      privateKeyToAccount(generatePrivateKey()),
      privateKeyToAccount(generatePrivateKey()),
    ]
    const address = await chain.addressOf(factory, theirs.address)
    for (const sign of [
      deploying(chain.deploymentOf(mine.address), mine),
      deploying(chain.deploymentOf(theirs.address), mine),
      deploying('0x', mine),
      deploying('0xdeadbeef', mine),
      async () => `0x${'6492'.repeat(16)}`,
      async () => `0x${'ff'.repeat(500)}${'6492'.repeat(16)}`,
    ])
      expect(codeOf(await signIn(address, sign))).toBe('PROOF_REJECTED')
  })

  test("a wallet without code is its key's alone, wrapped or not", async () => {
    const person = privateKeyToAccount(generatePrivateKey())
    const high = async (message: string) => {
      const signature = await person.signMessage({ message })
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
      const s = order - BigInt(`0x${signature.slice(66, 130)}`)
      return `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${signature.endsWith('1b') ? '1c' : '1b'}`
    }
    const answer = await signIn(person.address, high)
    expect(answer.errors[0]?.message).toContain('high s')
    const wrappedHigh = async (message: string) =>
      serializeErc6492Signature({ address: factory, data: '0x', signature: (await high(message)) as Hex })
    for (const sign of [wrappedHigh, byOwner, async () => `0x${'00'.repeat(65)}`])
      expect(codeOf(await signIn(person.address, sign))).toBe('PROOF_REJECTED')
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('an answer that is no yes is a no: way %i', async (way) => {
    const odd = await chain.deploy('OddWallet', [BigInt(way)])
    const answer = await signIn(odd, byOwner)
    // A flood is more than is read of a node's answer.
    expect(codeOf(answer)).toBe(way === 4 ? 'UNAVAILABLE' : 'PROOF_REJECTED')
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'the precompiled contract %i, some of which repeat what they are asked, is nobody',
    async (index) => {
      const address = `0x${String(index).padStart(40, '0')}`
      expect(codeOf(await signIn(address, byOwner))).toBe('PROOF_REJECTED')
    },
  )

  test('a chain without a node says that contract wallets on it are not configured', async () => {
    const answer = await signIn(wallet, byOwner, 'eip155:10')
    expect(codeOf(answer)).toBe('PROOF_REJECTED')
    expect(answer.errors[0]?.message).toContain('Contract wallets on eip155:10 are not configured')
  })

  test('a node of another chain than the configured one is not believed', async () => {
    const answer = await signIn(wallet, byOwner, 'eip155:5')
    expect(codeOf(answer)).toBe('UNAVAILABLE')
    expect(idem.logLines.join('')).toContain('The node is one of the chain eip155:31337')
  })

  test('a key needs no node', async () => {
    node.respond = (_request, response) => response.destroy()
    const person = new WalletOwner(idem, generatePrivateKey(), 'eip155:137')
    expect((await person.signIn()).provisioned).toBe(true)
    expect(node.bodies).toEqual([])
  })

  test.each<[string, Respond]>([
    ['breaks off', (_request, response) => response.destroy()],
    ['answers HTTP 500', (_request, response) => asJson(response, {}, 500)],
    ['answers HTTP 429', (_request, response) => void response.writeHead(429).end('slow down')],
    ['redirects', (_request, response) => void response.writeHead(302, { location: chain.url }).end()],
    [
      'answers HTML',
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ],
    [
      'answers no JSON',
      (_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    ],
    [
      'answers null',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end('null'),
    ],
    ['names no chain', (_request, response) => asJson(response, { result: 137 })],
    ['names another chain', (_request, response) => asJson(response, { result: '0x1' })],
    ['floods', (_request, response) => asJson(response, { result: '0x89', more: 'x'.repeat(1_000_000) })],
    [
      'has no such method',
      onCall((response) => asJson(response, { error: { code: -32601, message: 'no eth_call' } })),
    ],
    [
      'has a limit of its own',
      onCall((response) => asJson(response, { error: { code: -32005, message: 'limit' } }, 429)),
    ],
    ['answers neither result nor error', onCall((response) => asJson(response, {}))],
    ['answers a number', onCall((response) => asJson(response, { result: 1 }))],
    ['answers an odd hex', onCall((response) => asJson(response, { result: '0x1' }))],
  ])(
    'a node that %s makes the wallet UNAVAILABLE, and nothing of its URL is logged',
    async (_what, respond) => {
      node.respond = respond
      const before = idem.logLines.length
      const answer = await signIn(wallet, byOwner, 'eip155:137')
      expect(codeOf(answer)).toBe('UNAVAILABLE')
      expect(answer.errors[0]?.extensions['retryAfterSeconds']).toBe(5)
      expect(answer.errors[0]?.message).toContain('eip155:137')
      const logged = idem.logLines.slice(before).join('')
      expect(logged).toContain('node of eip155:137 (IDEM_WALLET_RPC)')
      for (const secret of ['the-secret-api-key', 'also=secret', 'pass%2Fword', 'pass/word'])
        expect(logged + JSON.stringify(answer)).not.toContain(secret)
    },
  )

  test('is sent the login and the path of its URL, and nothing of the caller but hash and signature', async () => {
    const logins: (string | undefined)[] = []
    node.respond = (request, response, body) => {
      logins.push(`${request.url} ${request.headers.authorization}`)
      onCall((it) => asJson(it, { result: `0x1626ba7e${'0'.repeat(56)}` }))(request, response, body)
    }
    const answer = await signIn(wallet, byOwner, 'eip155:137')
    expect(dataOf(answer).signIn.provisioned).toBe(true)
    const login = Buffer.from('user:pass/word').toString('base64')
    expect(new Set(logins)).toEqual(new Set([`/v2/the-secret-api-key?also=secret Basic ${login}`]))
    const question = JSON.parse(node.bodies.at(-1) ?? '')
    expect(question).toMatchObject({ method: 'eth_call', params: [{ to: wallet }, 'latest'] })
  })

  test('a node is asked at most 60 times for one wallet by one network, and a key beside it still signs in', async () => {
    node.respond = onCall((response) => asJson(response, { result: '0x' }))
    const address = privateKeyToAccount(generatePrivateKey()).address
    const answers = await atOnce(30, async () => await signIn(address, byOwner, 'eip155:137'))
    const more = await atOnce(30, async () => await signIn(address, byOwner, 'eip155:137'))
    const over = await atOnce(10, async () => await signIn(address, byOwner, 'eip155:137'))
    expect(tally([...answers, ...more])).toEqual({ PROOF_REJECTED: 60 })
    expect(tally(over)).toEqual({ RATE_LIMITED: 10 })
    expect(node.bodies.filter((body) => body.includes('eth_call')).length).toBe(60)
    const person = new WalletOwner(idem, generatePrivateKey(), 'eip155:137')
    expect((await person.signIn()).provisioned).toBe(true)
    idem.clock.advance(301)
    expect(codeOf(await signIn(address, byOwner, 'eip155:137'))).toBe('PROOF_REJECTED')
  })

  test('more questions than 32 at once to one node are refused, and the places are free again after them', async () => {
    const waiting: ServerResponse[] = []
    node.respond = onCall((response) => void waiting.push(response))
    const pending = atOnce(40, async () => {
      const { address } = privateKeyToAccount(generatePrivateKey())
      return await signIn(address, byOwner, 'eip155:137')
    })
    while (waiting.length < 32) await new Promise((resolve) => setTimeout(resolve, 5))
    // The others have their answer already, or get it without a place.
    const refused = await signIn(wallet, byOwner, 'eip155:137')
    expect(codeOf(refused)).toBe('UNAVAILABLE')
    // The node of another chain is asked as ever.
    expect(codeOf(await signIn(wallet, byOwner, 'eip155:31337'))).toBeNull()
    for (const response of waiting) asJson(response, { result: '0x' })
    expect(tally(await pending)).toEqual({ PROOF_REJECTED: 32, UNAVAILABLE: 8 })
    node.respond = onCall((response) => asJson(response, { result: '0x' }))
    expect(codeOf(await signIn(wallet, byOwner, 'eip155:137'))).toBe('PROOF_REJECTED')
  })

  test('one challenge answered 20 times at once by a contract signs in once', async () => {
    const { id, message } = dataOf(
      await askForWalletChallenge(idem, { address: wallet, chainId: '31337' }),
    ).issueChallenge
    const signature = await byOwner(message)
    const answers = await atOnce(20, async () => await signInWithSignature(idem, id, signature))
    expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 19 })
  })
})
