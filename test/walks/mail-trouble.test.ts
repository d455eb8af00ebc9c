// The story of mail servers that refuse, stall, break off and come back, as the device that asked sees it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { millisecondsUntil } from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { smtpInbox } from '../support/mail-reader.js'
import { serviceOfFile } from '../support/service-of-file.js'
import { type SmtpBehaviour, SmtpServer } from '../support/smtp-server.js'
import { startTestWorker } from '../support/start-worker.js'

const [first, second] = [await SmtpServer.start(), await SmtpServer.start()]
const { idem } = await serviceOfFile({
  environment: {
    SMTP_URL: `${first.url},${second.url}`,
    IDEM_JOB_FIRST_RETRY_MILLISECONDS: '50',
    IDEM_SMTP_CONNECT_SECONDS: '1',
    IDEM_SMTP_TIMEOUT_SECONDS: '1',
  },
})
let worker: Worker
beforeAll(async () => {
  worker = await startTestWorker(idem)
})
afterAll(async () => {
  await worker.stop()
  await first.stop()
  await second.stop()
})

let count = 0
const somebody = (): EmailOwner => new EmailOwner(idem, smtpInbox(first), `trouble-${++count}@example.org`)

const behave = async (behaviour: SmtpBehaviour): Promise<void> => {
  await first.behave(behaviour)
  await second.behave(behaviour)
}

const untilDelivery = async (owner: EmailOwner, id: string, delivery: string): Promise<void> =>
  void (await millisecondsUntil(30_000, async () => (await owner.poll(id)).delivery === delivery))

const received = (owner: EmailOwner): number => first.count(owner.address) + second.count(owner.address)

test.each<SmtpBehaviour>(['refuse-recipient', 'refuse-message'])(
  '%s: refused for good, and said so',
  async (behaviour) => {
    await behave(behaviour)
    const owner = somebody()
    const { id } = await owner.challenge()
    await untilDelivery(owner, id, 'REFUSED')
    await behave('accept')
    expect(await owner.poll(id)).toMatchObject({ status: 'PENDING', delivery: 'REFUSED' })
    expect(received(owner)).toBe(0)
  },
)

test.each<SmtpBehaviour>([
  'defer-recipient',
  'defer-message',
  'close-in-data',
  'stall-recipient',
  'close-at-recipient',
])('%s: deferred, and sent once when the servers are well again', async (behaviour) => {
  await behave(behaviour)
  const owner = somebody()
  const { id } = await owner.challenge()
  await untilDelivery(owner, id, 'DEFERRED')
  await behave('accept')
  await untilDelivery(owner, id, 'SENT')
  expect(received(owner)).toBe(1)
})

test('a server that is gone is passed over for the next', async () => {
  await behave('accept')
  await first.stop('SIGKILL')
  const owner = somebody()
  const { id } = await owner.challenge()
  await untilDelivery(owner, id, 'SENT')
  expect(second.count(owner.address)).toBe(1)
  await first.restart()
})

test('a mail that no server takes before its code has expired is not sent any more', async () => {
  await behave('defer-recipient')
  const owner = somebody()
  const { id } = await owner.challenge()
  await untilDelivery(owner, id, 'DEFERRED')
  idem.clock.advance(15 * 60)
  await untilDelivery(owner, id, 'QUEUED')
  await behave('accept')
  expect(await owner.poll(id)).toMatchObject({ status: 'EXPIRED', delivery: 'QUEUED' })
  expect(received(owner)).toBe(0)
})

test('what the servers said is in no answer and no log line with the address', async () => {
  expect(idem.logLines.filter((line) => /trouble-\d+@/.test(line))).toEqual([])
})
