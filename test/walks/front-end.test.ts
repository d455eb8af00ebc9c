// The story of a front-end developer: one HTML file on another origin signs people in, in a real browser.
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findChromium, launchChromium, type PageServer, servePage } from '../support/browser.js'
import { startTestService, type TestService } from '../support/start-service.js'

const chromiumPath = findChromium()
/** Where it must not be missing: there a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

describe.skipIf(chromiumPath === null && !isRequired)('a front end (needs Chromium)', () => {
  let browser: Browser
  let frontEnd: PageServer
  let stranger: PageServer
  let idem: TestService
  let page: Page

  beforeAll(async () => {
    if (chromiumPath === null) return
    browser = await launchChromium(chromiumPath)
    const file = join(import.meta.dirname, '../support/front-end/index.html')
    frontEnd = await servePage(file)
    stranger = await servePage(file)
    idem = await startTestService({ environment: { IDEM_ALLOWED_ORIGINS: frontEnd.origin } })
  })
  beforeEach(() => {
    if (chromiumPath === null) throw new Error('needs Chromium: install it, or set CHROMIUM_PATH')
  })
  afterEach(async () => await page?.context().close())
  afterAll(async () => {
    await browser?.close()
    await frontEnd?.stop()
    await stranger?.stop()
    await idem?.stop()
  })

  /** The page in a browser that has never seen it. */
  const open = async (origin: string): Promise<void> => {
    page = await (await browser.newContext()).newPage()
    await page.goto(`${origin}/?idem=${idem.url}`)
  }

  /** Presses a button and reads what the page then shows of the account. */
  const signIn = async (button: string): Promise<Record<string, string>> => {
    await page.getByRole('button', { name: button }).click()
    await page.getByLabel('Me').waitFor()
    const names = await page.locator('#me dt').allTextContents()
    const values = await page.locator('#me dd').allTextContents()
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  }

  test('a guest signs in, and comes back to the same account after a reload', async () => {
    await open(frontEnd.origin)
    const first = await signIn('Continue as a guest')
    expect(first).toMatchObject({ Kind: 'ANONYMOUS', Account: expect.stringMatching(/^[\da-f-]{36}$/) })
    await page.reload()
    expect(await signIn('Continue as a guest')).toEqual(first)
  })

  test('a key that never leaves the browser signs in, and opens the same account after a reload', async () => {
    await open(frontEnd.origin)
    const first = await signIn('Use a key')
    expect(first).toMatchObject({
      Kind: 'PERSON',
      'Signed in from': expect.stringMatching(/Chrom.* on Linux$/),
    })
    await page.reload()
    expect(await signIn('Use a key')).toEqual(first)
    expect(await signIn('Continue as a guest')).not.toMatchObject({ Account: first['Account'] })
  })

  test('another browser is another guest', async () => {
    const accounts = new Set<string | undefined>()
    for (const _browser of [1, 2]) {
      await open(frontEnd.origin)
      accounts.add((await signIn('Continue as a guest'))['Account'])
    }
    expect(accounts.size).toBe(2)
  })

  test('a page of an origin that is not listed is kept out by the browser', async () => {
    await open(stranger.origin)
    for (const button of ['Continue as a guest', 'Use a key']) {
      await page.getByRole('button', { name: button }).click()
      const problem = page.getByRole('alert')
      await problem.waitFor()
      expect(await problem.textContent()).toBe(
        `${idem.url} cannot be reached from ${stranger.origin}. Failed to fetch`,
      )
    }
  })
})
