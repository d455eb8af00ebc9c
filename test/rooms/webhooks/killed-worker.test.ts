// A worker that is killed between sending a webhook and storing the answer: the event is sent again, as the same one.
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemRandom } from '../../../src/runtime/random.js'
import { addEndpoint } from '../../../src/webhooks/add-endpoint.js'
import { IdemProcess } from '../../support/process.js'
import { startWebhookSink, withStatus } from '../../support/webhook-sink.js'
import { openRooms, secretOfRooms } from '../jobs/open-rooms.js'

const environment = { IDEM_OUTBOUND_NETWORKS: '127.0.0.1', SMTP_URL: 'smtp://127.0.0.1:9' }

test('what a killed worker had sent is sent again with the same id, once its lease is over', async () => {
  const sink = await startWebhookSink()
  const rooms = await openRooms({ environment, clockRuns: true })
  const { foundation, tables } = rooms
  const needs = { ...foundation, random: systemRandom }
  const input = { url: sink.url, description: null, eventTypes: null }
  const { endpoint } = await addEndpoint(rooms.call(), input, needs)
  // Answered too late: nobody is there any more.
  sink.answer = () => undefined
  const doomed = await IdemProcess.start(
    {
      ...environment,
      DATABASE_URL: rooms.options.databaseUrl,
      IDEM_SECRET: secretOfRooms,
      IDEM_PUBLIC_URL: 'https://id.example.org',
    },
    ['worker'],
  )
  onTestFinished(async () => void (await doomed.stop('SIGKILL')))
  await doomed.ready()
  const act = { action: 'account.handle_set', accountId: systemRandom.uuid(), detail: { to: 'ada' } } as const
  await foundation.auditLog.append(rooms.call(), act)
  await sink.until(1)
  await doomed.stop('SIGKILL')
  sink.answer = withStatus(204)
  const lease = async () => {
    const { now } = rooms.call()
    const asked = { endpointId: endpoint.id, by: systemRandom.uuid(), until: now }
    return await foundation.webhookDeliveries.lease(rooms.call(), asked)
  }
  expect(await lease()).toBeNull()
  await tables.query('update webhook_delivery set leased_until = now()')
  await rooms.work()
  await sink.until(2)
  const delivered = async () =>
    expect(await tables.query('select state, attempts, status from webhook_delivery')).toEqual([
      { state: 'DELIVERED', attempts: 2, status: 204 },
    ])
  await vi.waitFor(delivered, 20_000)
  expect(new Set(sink.got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(sink.got.map(({ body }) => body)).size).toBe(1)
})
