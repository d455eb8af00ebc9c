// Wallets of a browser: how they are found and asked, and that they sign only what names this server and request.
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { answerWithWallet } from '../../../src/client/answer-with-wallet.js'
import type { ChallengePurpose } from '../../../src/client/proof.js'
import { signIn } from '../../../src/client/sign-in.js'
import { httpTransport, type Transport } from '../../../src/client/transport.js'
import {
  type AnnouncedWallet,
  connectWallet,
  discoverWallets,
  type EthereumProvider,
} from '../../../src/client/wallet.js'
import type { TestService } from '../../support/start-service.js'
import { WalletOwner } from '../../support/wallet-owner.js'
import { altered, startTappedService, Wiretap } from './wiretap.js'

let idem: TestService
let wire: Wiretap
/** A server of somebody else, which passes on what the real one asks. */
let relay: Wiretap
let transport: Transport
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  relay = await Wiretap.to(idem.url)
  transport = httpTransport({ url: wire.url })
})
afterAll(async () => {
  await relay.stop()
  await wire.stop()
  await idem.stop()
})
beforeEach(() => {
  wire.forget()
  relay.forget()
})

/** A wallet's interface to pages (EIP-1193), with a key in this process, and the texts that it signed. */
const newProvider = (chainId = '0x1') => {
  const account = privateKeyToAccount(generatePrivateKey())
  const signed: string[] = []
  const provider: EthereumProvider = {
    request: async ({ method, params = [] }) => {
      switch (method) {
        case 'eth_requestAccounts':
          return [account.address.toLowerCase()]
        case 'eth_chainId':
          return chainId
        case 'personal_sign': {
          const [raw, from] = params as [`0x${string}`, string]
          if (from !== account.address.toLowerCase()) throw new Error('another account')
          signed.push(Buffer.from(raw.slice(2), 'hex').toString())
          return await account.signMessage({ message: { raw } })
        }
        default:
          throw Object.assign(new Error('no such method'), { code: 4200 })
      }
    },
  }
  return { account, provider, signed }
}

describe('a wallet of the page', () => {
  test('signs in, comes back, and is asked for an account before anything is asked of the server', async () => {
    const { provider, signed } = newProvider()
    const signer = await connectWallet(provider)
    expect(wire.calls).toEqual([])
    const first = await signIn(transport, await answerWithWallet(transport, signer, { purpose: 'SIGN_IN' }))
    expect(first).toMatchObject({ provisioned: true, account: { kind: 'PERSON' } })
    const second = await signIn(transport, await answerWithWallet(transport, signer, { purpose: 'SIGN_IN' }))
    expect(second).toMatchObject({ provisioned: false, account: { id: first.account.id } })
    expect(signed).toEqual([
      expect.stringContaining('wants you to sign in'),
      expect.stringContaining('wants you to sign in'),
    ])
  })

  test.each(['ada-client', 'señor-ünïcode'])('registers with the handle %s', async (handle) => {
    const signer = await connectWallet(newProvider('0x89').provider)
    expect(signer.chainId).toBe('137')
    const answer = await answerWithWallet(transport, signer, { purpose: 'SIGN_IN', handle })
    expect(await signIn(transport, answer)).toMatchObject({ provisioned: true, account: { handle } })
  })

  test.each([
    [{ code: 4001 }, 'told not to'],
    [{ code: 4100 }, 'does not let this page'],
    [{ code: -32002 }, 'still asking'],
    [{ code: -32603, message: 'secret of the wallet' }, 'The wallet failed.'],
    ['thrown text', 'The wallet failed.'],
    [null, 'The wallet failed.'],
  ])('that refuses with %j is a WALLET_REFUSED in words', async (thrown, sentence) => {
    const provider: EthereumProvider = { request: async () => await Promise.reject(thrown) }
    await expect(connectWallet(provider)).rejects.toMatchObject({
      code: 'WALLET_REFUSED',
      message: expect.stringContaining(sentence),
    })
  })

  test.each([null, [], [null], 'text', [{}]])('that gives %j for accounts is refused', async (accounts) => {
    const provider: EthereumProvider = {
      request: async ({ method }) => (method === 'eth_chainId' ? '0x1' : accounts),
    }
    await expect(connectWallet(provider)).rejects.toMatchObject({ code: 'WALLET_REFUSED' })
  })

  test('that signs nothing is refused', async () => {
    const { provider } = newProvider()
    const mute: EthereumProvider = {
      request: async (call) => (call.method === 'personal_sign' ? null : await provider.request(call)),
    }
    const signer = await connectWallet(mute)
    await expect(answerWithWallet(transport, signer, { purpose: 'SIGN_IN' })).rejects.toMatchObject({
      code: 'WALLET_REFUSED',
      message: 'The wallet gave no signature.',
    })
  })
})

describe('a text that is not what was asked for is not signed', () => {
  const refusal = async (url: string, handle?: string): Promise<unknown> => {
    const { provider, signed } = newProvider()
    const signer = await connectWallet(provider)
    const purpose = 'SIGN_IN' as ChallengePurpose
    const asked = { purpose, ...(handle === undefined ? {} : { handle }) }
    const error = await answerWithWallet(httpTransport({ url }), signer, asked).catch(
      (thrown: unknown) => thrown,
    )
    expect(signed).toEqual([])
    return error
  }
  const refused = (sentence: string) => ({
    code: 'WRONG_CHALLENGE',
    message: expect.stringContaining(sentence),
  })

  test('from a server that relays what another one asks', async () => {
    const { host } = new URL(wire.url)
    expect(await refusal(relay.url)).toMatchObject(refused(host))
    relay.onNext('/.well-known/openid-configuration', (_call, response) =>
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ issuer: relay.url })),
    )
    expect(await refusal(relay.url)).toMatchObject(refused(host))
  })

  test.each<[string, (text: string) => string, string]>([
    ['another domain', (text) => text.replace(/^http:\/\/\S+/, 'http://evil.example'), 'evil.example'],
    ['another URI', (text) => text.replace(/URI: .*/, 'URI: https://evil.example'), 'evil.example'],
    ['another address', (text) => text.replace(/0x\w{40}/, `0x${'1'.repeat(40)}`), `0x${'1'.repeat(40)}`],
    ['another chain', (text) => text.replace('Chain ID: 1', 'Chain ID: 137'), 'chain 137'],
    ['another purpose', (text) => text.replace('SIGN_IN', 'LINK_IDENTITY'), 'purpose LINK_IDENTITY'],
    ['a handle', (text) => text.replace('Signs in with', 'Signs in as eve with'), 'handle eve'],
    [
      'a handle in the resources',
      (text) => `${text}\nResources:\n- http://x.example/?handle=%D0%B6`,
      'handle ж',
    ],
    ['another version', (text) => text.replace('Version: 1', 'Version: 2'), 'form'],
    ['lines of its own', (text) => `${text}\nResources:\n- https://evil.example`, 'form'],
    ['a long text', (text) => text + ' '.repeat(5_000), 'form'],
    ['control characters', (text) => text.replace('with this', 'with\u202ethis'), 'form'],
    ['no text', () => '', 'form'],
  ])('with %s', async (_what, change, sentence) => {
    wire.onNext('IssueWalletChallenge', altered(idem.url, change))
    expect(await refusal(wire.url)).toMatchObject(refused(sentence))
  })

  test('without the handle that was asked for', async () => {
    wire.onNext(
      'IssueWalletChallenge',
      altered(idem.url, (text) => text.replace('as ada-asked ', '')),
    )
    expect(await refusal(wire.url, 'ada-asked')).toMatchObject(refused('handle none, not ada-asked'))
  })

  test('a text for linking or step-up is signed as given', async () => {
    const { accessToken } = await new WalletOwner(idem).signIn()
    const bearer: Transport = { ...transport, send: (call) => transport.send({ ...call, accessToken }) }
    for (const purpose of ['LINK_IDENTITY', 'STEP_UP'] as const) {
      const { provider, signed } = newProvider()
      await answerWithWallet(bearer, await connectWallet(provider), { purpose })
      expect(signed).toEqual([expect.stringContaining(purpose)])
    }
  })
})

describe('discovery (EIP-6963)', () => {
  const announcement = (detail: unknown): Event =>
    Object.assign(new Event('eip6963:announceProvider'), { detail })
  const infoOf = (uuid: string, change: object = {}) => ({
    uuid,
    name: `Wallet ${uuid}`,
    icon: 'data:image/svg+xml,<svg/>',
    rdns: 'org.example.wallet',
    ...change,
  })

  test('lists wallets that were loaded before, and those that come later, until it is stopped', () => {
    const page = new EventTarget()
    const lists: (readonly AnnouncedWallet[])[] = []
    const { provider } = newProvider()
    page.addEventListener('eip6963:requestProvider', () =>
      page.dispatchEvent(announcement({ info: infoOf('early'), provider })),
    )
    const stop = discoverWallets(page, (wallets) => lists.push(wallets))
    page.dispatchEvent(announcement({ info: infoOf('late'), provider }))
    stop()
    page.dispatchEvent(announcement({ info: infoOf('too late'), provider }))
    expect(lists.map((list) => list.map(({ uuid }) => uuid))).toEqual([['early'], ['early', 'late']])
    expect(lists[0]?.[0]).toEqual({ ...infoOf('early'), provider })
  })

  test('a wallet cannot take the place of another, nor give a picture that is a link, nor flood the list', () => {
    const page = new EventTarget()
    let list: readonly AnnouncedWallet[] = []
    discoverWallets(page, (wallets) => {
      list = wallets
    })
    const announce = (info: object, provider: EthereumProvider) =>
      page.dispatchEvent(announcement({ info, provider }))
    const first = newProvider().provider
    announce(infoOf('one', { name: 'x'.repeat(500), icon: 'https://evil.example/x.png' }), first)
    announce(infoOf('one', { name: 'evil' }), newProvider().provider)
    expect(list).toEqual([{ ...infoOf('one'), name: 'x'.repeat(60), icon: null, provider: first }])
    for (let index = 0; index < 500; index++) announce(infoOf(`many ${index}`), first)
    expect(list.length).toBe(50)
  })

  test.each([
    undefined,
    null,
    'text',
    {},
    { info: null, provider: null },
    { info: infoOf('x'), provider: {} },
    { info: { ...infoOf('x'), uuid: 1 }, provider: { request: () => undefined } },
  ])('an announcement of %j is passed over', (detail) => {
    const page = new EventTarget()
    const lists: unknown[] = []
    discoverWallets(page, (wallets) => lists.push(wallets))
    page.dispatchEvent(announcement(detail))
    expect(lists).toEqual([])
  })
})
