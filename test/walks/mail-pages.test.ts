// A mail in a browser: the development mailbox, the page of its link, its button.
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { findChromium, launchChromium } from '../support/browser.js'
import { EmailOwner } from '../support/email-owner.js'
import { expectSignedIn } from '../support/key-owner.js'
import { mailboxInbox } from '../support/mail-reader.js'
import { startTestService, type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'

const chromiumPath = findChromium()
/** In CI the browser must be there: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined
/** The folder for pictures of the pages, or undefined. */
const picturesFolder = process.env['IDEM_TEST_PICTURES']

const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 } }
const german: BrowserContextOptions = { locale: 'de-DE', colorScheme: 'dark' }

describe.skipIf(chromiumPath === null && !isRequired)('the pages of mails (needs Chromium)', () => {
  let browser: Browser
  let idem: TestService
  let worker: Worker

  beforeAll(async () => {
    if (chromiumPath === null) return
    browser = await launchChromium(chromiumPath)
    idem = await startTestService()
    worker = await startTestWorker(idem)
  })
  beforeEach(() => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
  })
  afterAll(async () => {
    await browser?.close()
    await worker?.stop()
    await idem?.stop()
  })

  /** A browser that has never been here, and runs no scripts. */
  const openPage = async (url: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const page = await (await browser.newContext({ javaScriptEnabled: false, ...options })).newPage()
    await page.goto(url)
    return page
  }

  const look = async (page: Page, name: string): Promise<void> => {
    if (picturesFolder !== undefined)
      await page.screenshot({ path: join(picturesFolder, `${name}.png`), fullPage: true })
  }

  const somebody = (name: string): EmailOwner =>
    new EmailOwner(idem, mailboxInbox(idem), `${name}@example.org`)

  test('from the mailbox to the link, a slip of the finger, the button: the device that asked goes on', async () => {
    const ada = somebody('ada')
    const { id, matchCode } = await ada.challenge({ headers: { 'user-agent': 'curl/8.5.0' } })
    await ada.code()
    const page = await openPage(`${idem.url}/mailbox`)
    await look(page, 'mailbox')
    await page.getByRole('link', { name: /^Sign in to/ }).click()
    expect(await page.locator('body').textContent()).toContain(await ada.code())
    // The mail as HTML, in a frame that may do nothing.
    await page
      .frameLocator('iframe')
      .getByText(await ada.code())
      .waitFor()
    await look(page, 'mail')

    await page.locator('a[href*="/confirm?token="]').first().click()
    const text = await page.locator('body').textContent()
    for (const fact of ['ada@example.org', 'curl 8', '127.0.0.1', 'UTC']) expect(text).toContain(fact)
    await look(page, 'confirm')
    await page.getByRole('textbox').fill(String((Number(matchCode) + 1) % 10_000).padStart(4, '0'))
    await page.getByRole('button').click()
    expect(await page.getByRole('textbox').getAttribute('aria-invalid')).toBe('true')
    await look(page, 'wrong-match-code')
    expect((await ada.poll(id)).status).toBe('PENDING')

    await page.getByRole('textbox').fill(matchCode)
    await page.getByRole('button').click()
    expect(await page.locator('body').textContent()).toContain('Go back to the device that asked')
    await look(page, 'confirmed')
    expectSignedIn(await ada.trySignIn(id))
    await page.context().close()
  })

  test('on a phone, in German, in the dark', async () => {
    const bea = somebody('bea')
    const { matchCode } = await bea.challenge({ headers: { 'accept-language': 'de' } })
    const page = await openPage(await bea.link(), { ...phone, ...german })
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    await look(page, 'confirm-phone')
    // Nothing to scroll sideways.
    expect(await page.locator('body').evaluate((body) => body.scrollWidth <= 390)).toBe(true)
    await page.getByRole('textbox').fill(matchCode)
    await page.keyboard.press('Enter')
    await page.waitForLoadState()
    await look(page, 'confirmed-phone')
    expect((await bea.poll((await bea.challenge()).id)).status).toBe('PENDING')
    await page.context().close()
  })

  test('the mailbox updates by itself', async () => {
    const page = await openPage(`${idem.url}/mailbox`)
    await somebody('cem').challenge()
    await page.getByText('cem@example.org').waitFor({ timeout: 20_000 })
    await page.context().close()
  })
})
