// The sign-in page in a real browser: each way to sign in, by scripts, without them, and by keyboard alone.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { findChromium, launchChromium, type PageServer, servePage } from '../support/browser.js'
import { secretsOfChallenge } from '../support/challenge-secrets.js'
import { EmailOwner, pressButton } from '../support/email-owner.js'
import { injectWallet } from '../support/injected-wallet.js'
import { signInAsGuest } from '../support/key-owner.js'
import { mailboxInbox } from '../support/mail-reader.js'
import { PasswordOwner } from '../support/password-owner.js'
import { cheapPasswords, startTestService, type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'
import { WalletOwner } from '../support/wallet-owner.js'

const chromiumPath = findChromium()
/** In CI the browser must be there: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined
/** The folder for pictures of the pages, or undefined. */
const picturesFolder = process.env['IDEM_TEST_PICTURES']

const darkPhone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' }

/** The app of docs/front-ends.md, for another address of Idem, in a file. */
const exampleApp = async (url: string): Promise<string> => {
  const document = await readFile('docs/front-ends.md', 'utf8')
  const [, app = ''] = /^```html\n(.*?)^```$/ms.exec(document) ?? []
  expect(app.match(/http:\/\/localhost:4000/g)?.length).toBe(4)
  const file = join(await mkdtemp(join(tmpdir(), 'idem-app-')), 'app.html')
  await writeFile(file, app.replaceAll('http://localhost:4000', url))
  return file
}

describe.skipIf(chromiumPath === null && !isRequired)('the sign-in page (needs Chromium)', () => {
  let browser: Browser
  let frontEnd: PageServer
  let idem: TestService
  let worker: Worker

  beforeAll(async () => {
    if (chromiumPath === null) return
    browser = await launchChromium(chromiumPath)
    idem = await startTestService({ environment: cheapPasswords })
    frontEnd = await servePage(await exampleApp(idem.url))
    worker = await startTestWorker(idem)
  })
  beforeEach(() => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
  })
  afterAll(async () => {
    await browser?.close()
    await frontEnd?.stop()
    await worker?.stop()
    await idem?.stop()
  })

  /** The front end in a browser that has never been there, just sent to the sign-in page. */
  const begin = async (
    options: BrowserContextOptions = {},
    prepare: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<Page> => {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    await prepare(page)
    const refused: string[] = []
    page.on('console', (message) => {
      if (/Content.Security.Policy|Trusted/i.test(message.text())) refused.push(message.text())
    })
    page.on('close', () => expect(refused).toEqual([]))
    await page.goto(frontEnd.origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${idem.url}/sign-in?**`, { waitUntil: 'commit' })
    return page
  }

  /** What the app shows of the session, once it has redeemed the code: kind, level, proofs. */
  const session = async (page: Page): Promise<string> => {
    const shown = page.getByRole('status').filter({ hasText: /aal/ })
    await shown.waitFor()
    expect(page.url()).toBe(`${frontEnd.origin}/`)
    const text = (await shown.textContent()) ?? ''
    await page.context().close()
    return text
  }

  const look = async (page: Page, name: string): Promise<void> => {
    if (picturesFolder !== undefined)
      await page.screenshot({ path: join(picturesFolder, `${name}.png`), fullPage: true })
    // Nothing to scroll sideways.
    expect(await page.locator('html').evaluate((html) => html.scrollWidth <= html.clientWidth)).toBe(true)
  }

  const somebody = (name: string): EmailOwner =>
    new EmailOwner(idem, mailboxInbox(idem), `${name}@example.org`)

  test('a guest, by keyboard alone', async () => {
    const page = await begin()
    const focused = async (): Promise<string> => {
      const at = page.locator(':focus')
      return (await at.getAttribute('name')) ?? (await at.textContent()) ?? ''
    }
    const order: string[] = []
    for (let presses = 0; presses < 20 && order.at(-1) !== 'Continue as a guest'; presses += 1) {
      await page.keyboard.press('Tab')
      order.push(await focused())
    }
    expect(order.slice(0, 2)).toEqual(['address', 'Send me a code'])
    await page.keyboard.press('Enter')
    expect(await session(page)).toBe('ANONYMOUS aal0')
  })

  test('by mail: the page goes on by itself once the link is confirmed on another device', async () => {
    const ada = somebody('ada')
    const page = await begin()
    await page.getByLabel('Email address', { exact: true }).fill(ada.address)
    await page.keyboard.press('Enter')
    const matchCode = await page.locator('dd').textContent()
    expect((await pressButton(await ada.link(), matchCode ?? '')).status).toBe(200)
    expect(await session(page)).toBe('PERSON aal1 otp')
  })

  test('by mail without scripts: a slip of the finger, then the code; the program reads it from its URL', async () => {
    const bea = somebody('bea')
    // The front end needs scripts, so the first page is asked for in another browser.
    const scripted = await begin()
    const url = scripted.url()
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await page.goto(url)
    await page.getByLabel('Email address', { exact: true }).fill(bea.address)
    await page.getByRole('button', { name: 'Send me a code' }).click()
    const code = page.getByLabel('Code from the mail')
    await code.fill('AAAAAAA')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').filter({ hasText: 'not a whole code' }).waitFor()
    expect(await code.getAttribute('aria-invalid')).toBe('true')
    expect(await page.locator(':focus').getAttribute('name')).toBe('code')
    await code.fill(await bea.code())
    await page.keyboard.press('Enter')
    await page.waitForURL(`${frontEnd.origin}/**`)
    await scripted.goto(page.url())
    await page.context().close()
    expect(await session(scripted)).toBe('PERSON aal1 otp')
  })

  test('by a password and the emailed code that completes it, on a phone in the dark', async () => {
    const owner = await PasswordOwner.create(idem, mailboxInbox(idem))
    const page = await begin(darkPhone)
    await look(page, 'sign-in-dark')
    await page.getByLabel('Handle or email address').fill(owner.handle)
    await page.getByLabel('Password').fill('not that one')
    await page.getByRole('button', { name: 'Sign in with a password' }).click()
    await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
    await look(page, 'sign-in-wrong-password')
    // The name is kept, the password never.
    expect(await page.getByLabel('Handle or email address').inputValue()).toBe(owner.handle)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    await page.getByLabel('Password').fill(owner.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    expect(await page.locator('body').textContent()).not.toContain(owner.email.address)
    await look(page, 'sign-in-second-factor')
    const challengeId = await page.locator('form [name=challengeId]').first().inputValue()
    await page.getByLabel('Code from the mail').fill((await secretsOfChallenge(idem, challengeId)).code)
    await page.keyboard.press('Enter')
    expect(await session(page)).toBe('PERSON aal2 pwd otp mfa')
  })

  test('by a wallet that announces itself: declined first, then signed', async () => {
    const owner = { account: new WalletOwner(idem).account, accepts: false }
    const page = await begin(
      {},
      async (opened) => await injectWallet(opened.context(), 'Fox <b>Wallet</b>', owner),
    )
    const button = page.getByRole('button', { name: 'Fox <b>Wallet</b>' })
    await button.click()
    await page.getByRole('alert').filter({ hasText: 'The wallet signed nothing.' }).waitFor()
    await look(page, 'sign-in-wallet')
    owner.accepts = true
    await button.click()
    expect(await session(page)).toBe('PERSON aal1 pop')
  })

  /** Gives the browser a passkey of the account, as it would keep one. */
  const addPasskey = async (page: Page, accessToken: string): Promise<void> => {
    const devTools = await page.context().newCDPSession(page)
    await devTools.send('WebAuthn.enable')
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    } as const
    await devTools.send('WebAuthn.addVirtualAuthenticator', { options })
    await page.goto(`${idem.url}/sign-in`)
    // A text, because the modules are those that the page itself loads.
    await page.evaluate(`(async (accessToken) => {
      const { createPasskey } = await import('/client/passkey.js')
      const { httpTransport, withBearer } = await import('/client/transport.js')
      const bearer = withBearer(httpTransport({ url: '' }), accessToken)
      const { issueChallenge: { id, message } } = await bearer.send({
        document: 'mutation { issueChallenge(input: { passkey: {} }, purpose: LINK_IDENTITY) { id message } }',
      })
      const response = await createPasskey(message)
      await bearer.send({
        document: 'mutation ($input: LinkIdentityInput!) { linkIdentity(input: $input) { identity { id } } }',
        variables: { input: { challengeId: id, proof: { passkey: { response } } } },
      })
    })(${JSON.stringify(accessToken)})`)
  }

  test('by a passkey that is suggested in the fields for names', async () => {
    const { accessToken } = await signInAsGuest(idem)
    // Chromium takes the suggestion by itself where the owner is simulated.
    const page = await begin({}, async (opened) => await addPasskey(opened, accessToken))
    expect(await session(page)).toBe('PERSON aal2 hwk user mfa')
  })

  test('by a passkey and its button, in a browser that suggests none', async () => {
    const { accessToken } = await signInAsGuest(idem)
    const page = await begin({}, async (opened) => {
      await addPasskey(opened, accessToken)
      await opened.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
    })
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    expect(await session(page)).toBe('PERSON aal2 hwk user mfa')
  })

  test('a browser without a passkey is told so, and the page goes on', async () => {
    const page = await begin()
    const devTools = await page.context().newCDPSession(page)
    await devTools.send('WebAuthn.enable')
    const options = { protocol: 'ctap2', transport: 'usb', automaticPresenceSimulation: true } as const
    await devTools.send('WebAuthn.addVirtualAuthenticator', { options })
    const button = page.getByRole('button', { name: 'Use a passkey' })
    await button.click()
    await page.getByRole('alert').filter({ hasText: 'No passkey was given.' }).waitFor()
    expect(await button.isEnabled()).toBe(true)
    await page.context().close()
  })
})
