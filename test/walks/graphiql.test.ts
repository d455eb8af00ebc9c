// Somebody opens /graphql in Chromium: in development GraphiQL comes, from here alone, and its three examples work.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium, launchChromium } from '../support/browser.js'
import { startTestService, type TestService } from '../support/start-service.js'

const chromium = findChromium()

let idem: TestService
let hidden: TestService
beforeAll(async () => {
  idem = await startTestService()
  hidden = await startTestService({ environment: { IDEM_GRAPHIQL: 'off' } })
})
afterAll(async () => {
  await idem.stop()
  await hidden.stop()
})

const get = async (service: TestService, path: string, accept: string): Promise<Response> =>
  await fetch(`${service.url}${path}`, { headers: { accept } })
const browserAccepts = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

test('a program that asks by GET is told to POST; nothing in the address is run', async () => {
  for (const accept of ['*/*', 'application/json']) {
    const response = await get(idem, '/graphql?query={__typename}', accept)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await response.text()).toContain('POST /graphql')
  }
})

test('where GraphiQL is off a browser reads what this is, and the files are not served', async () => {
  const response = await get(hidden, '/graphql', browserAccepts)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-security-policy')).not.toContain('script')
  const text = await response.text()
  expect(text).toContain(`${hidden.url}/graphql`)
  expect(text).not.toContain('<script')
  expect((await get(hidden, '/graphql/graphiql/page.js', '*/*')).status).toBe(404)
})

test('the page and its files come from this origin alone', async () => {
  const response = await get(idem, '/graphql', browserAccepts)
  const policy = response.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("script-src 'self';")
  expect(policy).not.toContain('http')
  expect(policy).not.toContain('unsafe-eval')
  const addresses = [...(await response.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, at]) => at ?? '')
  const files = addresses.filter((at) => !at.startsWith('data:'))
  expect(files).toHaveLength(5)
  for (const file of files) {
    expect(file).toMatch(/^\/graphql\/graphiql\/[\w.-]+$/)
    const answer = await get(idem, file, '*/*')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/)
  }
})

/** Waits for an answer in the result pane of GraphiQL. */
const answerOn = async (page: Page, holding: string): Promise<string> => {
  const pane = page.locator('.result-window')
  await pane.getByText(holding).first().waitFor()
  return (await pane.textContent()) ?? ''
}

describe.skipIf(chromium === null)('in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium(chromium ?? '')
  })
  afterAll(async () => await browser.close())

  test('the three examples work, the second with the bearer that the first gave', async () => {
    const page = await browser.newPage()
    const problems: string[] = []
    const foreign: string[] = []
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('request', (request) => {
      if (!request.url().startsWith(`${idem.url}/`) && !request.url().startsWith('data:'))
        foreign.push(request.url())
    })
    await page.goto(`${idem.url}/graphql`)
    const run = page.getByRole('button', { name: /execute query/i })

    await run.click()
    const first = await answerOn(page, 'accessToken')
    expect(first).toContain('"provisioned": true')
    const token = /"accessToken": "([^"]+)"/.exec(first.replaceAll('\n', ''))?.[1] ?? ''
    expect(token.split('.')).toHaveLength(3)

    await page.getByRole('tab', { name: 'WhoAmI' }).click()
    const headers = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror').last()
    await headers.click()
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.insertText(`{"authorization": "Bearer ${token}"}`)
    await run.click()
    expect(await answerOn(page, 'ANONYMOUS')).toContain('"method": "anonymous"')

    await page.getByRole('tab', { name: 'IssueChallenge' }).click()
    await run.click()
    expect(await answerOn(page, 'expiresAt')).toContain('Public key')

    expect(problems).toEqual([])
    expect(foreign).toEqual([])
    if (process.env['IDEM_TEST_PICTURES'])
      await page.screenshot({ path: `${process.env['IDEM_TEST_PICTURES']}/graphiql.png` })
    await page.close()
  })
})
