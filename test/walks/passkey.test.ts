// The story of a passkey in a real browser, with Chromium's virtual authenticator and the page of the documentation.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findChromium, launchChromium, type PageServer, servePage } from '../support/browser.js'
import { askMe, claimsOf, codeOf, dataOf, unlink } from '../support/calls.js'
import { documentedPage } from '../support/documented-page.js'
import { KeyOwner } from '../support/key-owner.js'
import { PasskeyOwner } from '../support/passkey-owner.js'
import type { Answer, TestService } from '../support/start-service.js'
import { startTestService } from '../support/start-service.js'
import { VirtualAuthenticator } from '../support/virtual-authenticator.js'

const chromiumPath = findChromium()
/** Where it must not be missing: there a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

describe.skipIf(chromiumPath === null && !isRequired)('a passkey in a browser (needs Chromium)', () => {
  let browser: Browser
  let folder: string | undefined
  let frontEnd: PageServer
  let stranger: PageServer
  let idem: TestService
  let strict: TestService
  let page: Page
  let authenticator: VirtualAuthenticator

  beforeAll(async () => {
    if (chromiumPath === null) return
    browser = await launchChromium(chromiumPath)
    folder = await mkdtemp(join(tmpdir(), 'idem-passkey-'))
    idem = await startTestService()
    // Everybody on localhost may call, and no page but its own may use passkeys.
    strict = await startTestService({ environment: { IDEM_PASSKEY_ORIGINS: 'http://localhost:1' } })
    frontEnd = await serveFor(idem)
    stranger = await serveFor(strict)
  })
  beforeEach(async () => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
    page = await (await browser.newContext()).newPage()
    authenticator = await VirtualAuthenticator.add(page)
  })
  afterEach(async () => await page?.context().close())
  afterAll(async () => {
    await browser?.close()
    await frontEnd?.stop()
    await stranger?.stop()
    await idem?.stop()
    await strict?.stop()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  })

  const serveFor = async (service: TestService): Promise<PageServer> => {
    const file = join(folder ?? '', `${new URL(service.url).port}.html`)
    await writeFile(file, await documentedPage('Passkeys', service.url))
    return await servePage(file)
  }

  /** What the page shows in the end. */
  const shown = async (): Promise<string> => {
    const status = page.getByRole('status')
    await status.filter({ hasNotText: '…' }).waitFor()
    return (await status.textContent()) ?? ''
  }

  const press = async (button: string): Promise<string> => {
    // A page is loaded before its module has what it imports.
    await page.waitForFunction("document.querySelector('#sign-in').onclick !== null")
    await page.getByRole('status').evaluate((status) => {
      status.textContent = '…'
    })
    await page.getByRole('button', { name: button }).click()
    return await shown()
  }

  /** The browser's answer to the message of a challenge, by the functions that Idem serves. */
  const inBrowser = async (ceremony: 'createPasskey' | 'getPasskey', message: string): Promise<object> => {
    const [url, given] = [JSON.stringify(`${idem.url}/client/passkey.js`), JSON.stringify(message)]
    // A text, because vitest rewrites an import in a function.
    return await page.evaluate(`import(${url}).then((client) => client.${ceremony}(${given}))`)
  }

  const person = () => new PasskeyOwner(idem)

  /** Links the browser's passkey to the account of a session. */
  const link = async (accessToken: string): Promise<Answer> => {
    const { id, message } = await person().challenge({ purpose: 'LINK_IDENTITY', accessToken })
    return await person().linkWith(accessToken, id, await inBrowser('createPasskey', message))
  }

  const signIn = async (): Promise<Answer> => {
    const { id, message } = await person().challenge()
    return await person().signInWith(id, await inBrowser('getPasskey', message))
  }

  const stepUp = async (accessToken: string, userVerification?: 'REQUIRED'): Promise<Answer> => {
    const ask = { purpose: 'STEP_UP', accessToken, ...(userVerification && { userVerification }) } as const
    const { id, message } = await person().challenge(ask)
    return await person().stepUpWith(accessToken, id, await inBrowser('getPasskey', message))
  }

  test('a guest makes a passkey on the page of the documentation, and comes back by its suggestion, and by the button', async () => {
    await page.goto(frontEnd.origin)
    const made = await press('Make a passkey')
    expect(made).toMatch(/^PERSON [\da-f-]{36} aal0$/)
    const [credential] = await authenticator.credentials()
    expect(credential).toMatchObject({ isResidentCredential: true, rpId: 'localhost' })
    const came = made.replace('aal0', 'aal2')
    await page.reload()
    expect(await shown()).toBe(came)
    expect(await press('Sign in with a passkey')).toBe(came)
  })

  test('a browser without the conversions of level 3 makes and proves the same', async () => {
    await page.addInitScript(() => {
      const old = globalThis as unknown as Record<string, Record<string, unknown> & { prototype: object }>
      for (const name of ['parseCreationOptionsFromJSON', 'parseRequestOptionsFromJSON'])
        delete old['PublicKeyCredential']?.[name]
      Object.defineProperty(old['PublicKeyCredential']?.prototype, 'toJSON', { value: undefined })
    })
    await page.goto(frontEnd.origin)
    const made = await press('Make a passkey')
    expect(made).toMatch(/^PERSON /)
    expect(await press('Sign in with a passkey')).toBe(made.replace('aal0', 'aal2'))
  })

  test('it is linked to an existing account, is not made twice, steps up to aal2, and is a stranger once unlinked', async () => {
    await page.goto(frontEnd.origin)
    const key = new KeyOwner(idem)
    const { accessToken, accountId } = await key.signIn()
    const { identity } = dataOf(await link(accessToken)).linkIdentity
    await expect(link(accessToken)).rejects.toThrow('InvalidStateError')
    expect(dataOf(await signIn()).signIn.account.id).toBe(accountId)

    await authenticator.setUserVerified(false)
    await expect(stepUp(accessToken, 'REQUIRED')).rejects.toThrow('NotAllowedError')
    await authenticator.setUserVerified(true)
    expect(claimsOf(dataOf(await stepUp(accessToken, 'REQUIRED')).stepUp.accessToken)).toMatchObject({
      acr: 'aal2',
      amr: ['hwk', 'user', 'mfa'],
    })

    dataOf(await unlink(idem, accessToken, identity.id))
    expect(dataOf(await askMe(idem, accessToken)).me.identities).toHaveLength(1)
    expect(codeOf(await signIn())).toBe('PROOF_REJECTED')
  })

  test('an authenticator that cannot verify its user steps up to aal1', async () => {
    await page.goto(frontEnd.origin)
    const { accessToken } = await new KeyOwner(idem).signIn()
    dataOf(await link(accessToken))
    // Chromium makes no passkey there, and finds none without a user name, so it is moved and named.
    const kept = await authenticator.credentials()
    await authenticator.remove()
    authenticator = await VirtualAuthenticator.add(page, { hasUserVerification: false })
    for (const credential of kept) await authenticator.keep(credential)
    const stepped = dataOf(await stepUp(accessToken)).stepUp
    expect(claimsOf(stepped.accessToken)).toMatchObject({ acr: 'aal1', amr: ['hwk', 'user'] })
  })

  test('a copy whose counter went back is refused', async () => {
    await page.goto(frontEnd.origin)
    dataOf(await link((await new KeyOwner(idem).signIn()).accessToken))
    for (const _time of [1, 2]) expect(codeOf(await signIn())).toBeNull()
    const [credential] = await authenticator.credentials()
    if (credential === undefined) throw new Error('no passkey')
    await authenticator.keep({ ...credential, signCount: 1 })
    expect(codeOf(await signIn())).toBe('PROOF_REJECTED')
    expect(idem.logLines.at(-2)).toContain('the counter went back')
    await authenticator.keep({ ...credential, signCount: 100 })
    expect(codeOf(await signIn())).toBeNull()
  })

  test('a page whose origin is not listed is refused', async () => {
    await page.goto(stranger.origin)
    expect(await press('Make a passkey')).toBe(
      'PROOF_REJECTED: Passkeys of this service cannot be used by that page.',
    )
  })
})
