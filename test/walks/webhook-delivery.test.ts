// Webhooks from the act to the receiver: through the outbox, the queue and a worker; tried again; and the operators are told.
import { Webhook } from 'standardwebhooks'
import { expect, test, vi } from 'vitest'
import { systemRandom } from '../../src/runtime/random.js'
import { addEndpoint } from '../../src/webhooks/add-endpoint.js'
import { setHandle } from '../support/calls.js'
import { KeyOwner } from '../support/key-owner.js'
import { mailedServiceOfFile } from '../support/mailed-service.js'
import { startWebhookSink, withStatus } from '../support/webhook-sink.js'

const operator = 'operator@example.org'
const { idem, tables, inbox } = await mailedServiceOfFile({ IDEM_OPERATORS: operator })

const add = async (url: string) => {
  const { foundation } = idem
  const input = { url, description: null, eventTypes: null }
  return await addEndpoint(foundation.ownCall(), input, { ...foundation, random: systemRandom })
}

test('an act is delivered, tried again when it is due, and verified by the receiver', async () => {
  const sink = await startWebhookSink()
  const { endpoint, secret } = await add(sink.url)
  sink.answer = withStatus(503)
  const { accountId, accessToken } = await new KeyOwner(idem).signIn()
  await sink.until(1)
  await setHandle(idem, accessToken, 'hooked-walk')
  // Stored before the clock moves, so that the wait counts from before.
  const stored = async () => {
    const [row] = await tables.query(
      `select count(*)::int as count, count(*) filter (where status = 503 and leased_by is null)::int as failed
       from webhook_delivery where endpoint_id = $1`,
      [endpoint.id],
    )
    expect(row).toEqual({ count: 2, failed: 1 })
  }
  await vi.waitFor(stored, 20_000)
  expect(sink.got).toHaveLength(1)
  sink.answer = withStatus(204)
  idem.clock.advance(10)
  await sink.until(3)
  expect(sink.got.map(({ type, data }) => [type, data['accountId']])).toEqual([
    ['account.provisioned', accountId],
    ['account.provisioned', accountId],
    ['account.updated', accountId],
  ])
  for (const { body, headers } of sink.got)
    expect(new Webhook(secret.reveal()).verify(body, headers as Record<string, string>)).toMatchObject({
      data: { accountId },
    })
  await tables.query('delete from webhook_endpoint')
})

test('an endpoint that is gone is disabled, and the operators get one mail', async () => {
  const sink = await startWebhookSink()
  const { endpoint } = await add(sink.url)
  sink.answer = withStatus(410)
  await new KeyOwner(idem).signIn()
  await vi.waitFor(async () => expect(await inbox(operator)).toHaveLength(1), 20_000)
  const [mail] = await inbox(operator)
  expect(mail?.text).toContain(`the webhook endpoint ${new URL(sink.url).host}: it answered 410 Gone`)
  expect(mail?.text).not.toContain('/hooks')
  const { isEnabled } = await idem.foundation.webhookEndpoints.get(idem.foundation.ownCall(), endpoint.id)
  expect(isEnabled).toBe(false)
  expect(sink.got).toHaveLength(1)
})
