// The log names the mailbox where it is served, and nowhere else.
import { expect, onTestFinished, test } from 'vitest'
import { millisecondsUntil } from '../../support/calls.js'
import { EmailOwner } from '../../support/email-owner.js'
import { startTestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'

/** The lines of a service with a worker beside it that has done what it does with a mail. */
const linesOf = async (environment: Readonly<Record<string, string>>) => {
  const idem = await startTestService({ environment })
  const worker = await startTestWorker(idem)
  onTestFinished(async () => {
    await worker.stop()
    await idem.stop()
  })
  await new EmailOwner(idem, async () => [], 'ada@example.org').challenge()
  await millisecondsUntil(10_000, async () => idem.logLines.some((line) => line.includes('a mail is ')))
  const isServed = (await fetch(`${idem.url}/mailbox`)).status === 200
  const told = idem.logLines.filter((line) => line.includes('/mailbox') && !line.includes('"route"'))
  return { isServed, named: told.length }
}

test.each([
  ['on this machine', {}, true],
  ['where others come', { IDEM_PUBLIC_URL: 'https://id.example.org' }, false],
  ['behind a proxy', { IDEM_TRUSTED_PROXIES: '10.0.0.0/8' }, false],
])('%s', async (_where, environment, isServed) => {
  const lines = await linesOf(environment)
  expect(lines.isServed).toBe(isServed)
  // Once at the start, once for the mail.
  expect(lines.named).toBe(isServed ? 2 : 0)
})
