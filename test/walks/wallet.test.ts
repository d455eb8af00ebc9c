// The story of a person with an Ethereum wallet: over HTTP, and by one click in a real browser.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findChromium, launchChromium, type PageServer, servePage } from '../support/browser.js'
import { injectWallet } from '../support/browser-wallet.js'
import { askMe, codeOf, dataOf, refresh, unlink, untilRefused } from '../support/calls.js'
import { documentedPage } from '../support/documented-page.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { startTestService, type TestService } from '../support/start-service.js'
import { WalletOwner } from '../support/wallet-owner.js'

const chromiumPath = findChromium()
/** Where it must not be missing: there a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

let idem: TestService
let frontEnd: PageServer
beforeAll(async () => {
  frontEnd = await servePage(join(import.meta.dirname, '../support/front-end/index.html'))
  idem = await startTestService()
})
afterAll(async () => {
  await frontEnd.stop()
  await idem.stop()
})

const methodsOf = async (accessToken: string): Promise<string[]> =>
  dataOf(await askMe(idem, accessToken)).me.identities.map(({ method }: { method: string }) => method)

test('a wallet registers with a handle, comes back, refreshes, and steps up', async () => {
  const wallet = new WalletOwner(idem)
  const first = await wallet.signIn('ada-with-wallet')
  expect(first.provisioned).toBe(true)
  const { me } = dataOf(await askMe(idem, first.accessToken))
  expect(me).toMatchObject({ kind: 'PERSON', handle: 'ada-with-wallet' })
  expect(await wallet.signIn()).toMatchObject({ provisioned: false, accountId: first.accountId })
  expect(await wallet.signIn('ada-with-wallet')).toMatchObject({ accountId: first.accountId })
  const { accessToken } = await refresh(idem, first.refreshToken)
  expect(codeOf(await wallet.stepUp(accessToken))).toBeNull()
  expect(codeOf(await new WalletOwner(idem).stepUp(accessToken))).toBe('PROOF_REJECTED')
})

test('a wallet joins the account of a key, opens it, and after it was unlinked opens it no more', async () => {
  const key = new KeyOwner(idem)
  const ada = await key.signIn('ada-with-both')
  const wallet = new WalletOwner(idem)
  const linked = dataOf(await wallet.link(ada.accessToken)).linkIdentity
  expect(linked.identity).toMatchObject({
    method: 'wallet',
    issuer: 'eip155:1',
    subject: `eip155:1:${wallet.address}`,
  })
  const byWallet = await wallet.signIn('ada-with-both')
  expect(byWallet).toMatchObject({ provisioned: false, accountId: ada.accountId })
  expect(codeOf(await wallet.link(ada.accessToken))).toBe('CONFLICT')
  expect(await methodsOf(ada.accessToken)).toEqual(['key', 'wallet'])
  // Nobody else gets it.
  const eve = await new KeyOwner(idem).signIn()
  const { account, identity } = dataOf(await wallet.link(eve.accessToken)).linkIdentity
  expect([account, identity]).toEqual([null, null])

  dataOf(await unlink(idem, ada.accessToken, linked.identity.id))
  await untilRefused(idem, byWallet.accessToken)
  expect(await methodsOf(ada.accessToken)).toEqual(['key'])
  expect(codeOf(await wallet.trySignIn('ada-with-both'))).toBe('PROOF_REJECTED')
  const stranger = await wallet.signIn()
  expect(stranger.provisioned).toBe(true)
  expect(stranger.accountId).not.toBe(ada.accountId)
})

test('the only wallet of an account stays, and a guest becomes a person by one', async () => {
  const wallet = new WalletOwner(idem)
  const { accessToken } = await wallet.signIn()
  const { me } = dataOf(await askMe(idem, accessToken))
  expect(codeOf(await unlink(idem, accessToken, me.identities[0].id))).toBe('LAST_IDENTITY')
  const guest = await signInAsGuest(idem)
  const joined = dataOf(await new WalletOwner(idem).link(guest.accessToken)).linkIdentity
  expect(joined.account).toEqual({ id: guest.accountId, kind: 'PERSON' })
})

describe.skipIf(chromiumPath === null && !isRequired)('by one click (needs Chromium)', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    if (chromiumPath !== null) browser = await launchChromium(chromiumPath)
  })
  beforeEach(async () => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
    page = await (await browser.newContext()).newPage()
  })
  afterEach(async () => await page?.context().close())
  afterAll(async () => await browser?.close())

  const account = privateKeyToAccount(generatePrivateKey())

  const click = async (): Promise<string> => {
    await page.getByRole('button', { name: 'Use a wallet' }).click()
    const shown = page.locator('#me:not([hidden]), [role=alert]:not([hidden])')
    await shown.waitFor()
    return (await shown.textContent()) ?? ''
  }

  test('the wallet is found, shows what it signs, and opens the same account in another browser', async () => {
    const wallet = await injectWallet(page, account)
    await page.goto(`${frontEnd.origin}/?idem=${idem.url}`)
    const shown = await click()
    expect(shown).toContain('PERSON')
    const { host } = new URL(idem.url)
    expect(wallet.signed).toEqual([
      expect.stringMatching(
        `^http://${host} wants you to sign in with your Ethereum account:\n${account.address}\n`,
      ),
    ])
    const other = await (await browser.newContext()).newPage()
    await page.context().close()
    page = other
    await injectWallet(page, account)
    await page.goto(`${frontEnd.origin}/?idem=${idem.url}`)
    const accountId = /[\da-f-]{36}/.exec(shown)?.[0] ?? 'none'
    expect(await click()).toContain(accountId)
  })

  test('the page of the documentation lists the wallet, signs in with it, and says what went wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'idem-wallets-'))
    const file = join(folder, 'wallets.html')
    await writeFile(file, await documentedPage('Wallets', idem.url))
    const documented = await servePage(file)
    try {
      const wallet = await injectWallet(page, account)
      await page.goto(documented.origin)
      const status = page.getByRole('status')
      await page.getByRole('button', { name: 'Test Wallet' }).click()
      await status.filter({ hasText: 'PERSON' }).waitFor()
      expect(wallet.signed).toHaveLength(1)
      wallet.decline()
      await page.getByRole('button', { name: 'Test Wallet' }).click()
      await status.filter({ hasText: 'WALLET_REFUSED: The wallet was told not to.' }).waitFor()
    } finally {
      await documented.stop()
      await rm(folder, { recursive: true })
    }
  })

  test('an owner who declines, and a browser without a wallet, are told so', async () => {
    const wallet = await injectWallet(page, account)
    await page.goto(`${frontEnd.origin}/?idem=${idem.url}`)
    wallet.decline()
    expect(await click()).toContain('User rejected the request.')
    await page.context().close()
    page = await (await browser.newContext()).newPage()
    await page.goto(`${frontEnd.origin}/?idem=${idem.url}`)
    expect(await click()).toBe('This browser has no Ethereum wallet.')
  })
})
