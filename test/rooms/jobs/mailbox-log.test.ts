// The log names the mailbox where it is served; where it is not, a mail server must be set (test/rooms/mail/settings).
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

test('on this machine the mailbox is served, and named at the start and for the mail', async () => {
  expect(await linesOf({})).toEqual({ isServed: true, named: 2 })
})
