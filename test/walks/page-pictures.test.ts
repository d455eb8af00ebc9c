// Every page fits a desk and a phone. `IDEM_TEST_PICTURES=docs/pictures` on this file renews the pictures of the README.
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { cancelTokenOf } from '../../src/password-resets/cancel-token.js'
import { findChromium, launchChromium } from '../support/browser.js'
import { dataOf } from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { mailboxInbox } from '../support/mail-reader.js'
import { PasswordOwner } from '../support/password-owner.js'
import { resetByMail } from '../support/reset.js'
import { SignInVisitor } from '../support/sign-in-visitor.js'
import { startTestService, type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'

const chromiumPath = findChromium()
/** In CI the browser must be there: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined
const picturesFolder = process.env['IDEM_TEST_PICTURES']

/** The address in the pictures. The service listens on a free port, so links to this one are asked of `idem.url`. */
const publicUrl = 'http://localhost:4000'

const returnUrl = 'https://app.example.org/signed-in'

/** Low, because a picture of the whole page is never lower than the window. */
const windows = {
  desk: { width: 720, height: 360 },
  phone: { width: 390, height: 360 },
} as const

describe.skipIf(chromiumPath === null && !isRequired)('the pages (needs Chromium)', () => {
  let browser: Browser
  let idem: TestService
  let worker: Worker
  let confirmUrl: string
  let cancelUrl: string

  beforeAll(async () => {
    if (chromiumPath === null) return
    browser = await launchChromium(chromiumPath)
    idem = await startTestService({
      environment: { IDEM_PUBLIC_URL: publicUrl, IDEM_RETURN_URLS: returnUrl },
    })
    worker = await startTestWorker(idem)
    const inbox = mailboxInbox(idem)
    await new EmailOwner(idem, inbox, 'grace@example.org').signIn()
    const ada = new EmailOwner(idem, inbox, 'ada@example.org')
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    await ada.challenge({ headers: { 'user-agent': userAgent } })
    confirmUrl = (await ada.link()).replace(publicUrl, idem.url)
    const { email } = await PasswordOwner.create(idem, inbox)
    const { id } = dataOf(await resetByMail(idem, inbox, email.address)).resetPassword
    cancelUrl = `${idem.url}/cancel-reset?token=${cancelTokenOf(id, idem.foundation.keyRing)}`
  })
  beforeEach(() => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
  })
  afterAll(async () => {
    await browser?.close()
    await worker?.stop()
    await idem?.stop()
  })

  const signInUrl = (): string => new SignInVisitor(idem, returnUrl).url({ login_hint: 'ada@example.org' })
  const pages = {
    home: () => idem.url,
    mailbox: () => `${idem.url}/mailbox`,
    confirm: () => confirmUrl,
    'sign-in': signInUrl,
    'cancel-reset': () => cancelUrl,
  }

  for (const [name, urlOf] of Object.entries(pages))
    for (const [place, viewport] of Object.entries(windows))
      test(`${name} on a ${place}`, async () => {
        // Passkeys and wallets are offered by the script.
        const javaScriptEnabled = name === 'sign-in'
        const context = await browser.newContext({ javaScriptEnabled, colorScheme: 'light', viewport })
        const page = await context.newPage()
        expect((await page.goto(urlOf(), { waitUntil: 'networkidle' }))?.status()).toBe(200)
        if (picturesFolder !== undefined)
          await page.screenshot({ path: join(picturesFolder, `${name}-${place}.png`), fullPage: true })
        const width = await page.locator('html').evaluate(({ scrollWidth }) => scrollWidth)
        expect(width, 'nothing to scroll sideways').toBeLessThanOrEqual(viewport.width)
        await context.close()
      })
})
