// What operators see and change of webhooks through GraphQL, the acts that it leaves, and the published keys.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { codeOf, dataOf, millisecondsUntil, setHandle } from '../support/calls.js'
import { KeyOwner, signInAsGuest } from '../support/key-owner.js'
import { serviceOfFile } from '../support/service-of-file.js'
import { startTestWorker } from '../support/start-worker.js'
import { VerifyingReceiver } from '../support/webhook-receiver.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'hook-operator' } })
const { accessToken: operator, accountId: operatorId } = await new KeyOwner(idem).signIn('hook-operator')
let worker: Worker
let sink: VerifyingReceiver
beforeAll(async () => {
  worker = await startTestWorker(idem)
  sink = await VerifyingReceiver.start()
})
afterAll(async () => {
  await worker.stop()
  await sink.stop()
})
beforeEach(async () => {
  sink.answer = () => ({ status: 204 })
  for (const { id } of await listed()) await ask(remove, { id })
})

const fields =
  'id url description eventTypes disabledAt disabledBecause failingSince publicKeys createdAt' as const
const add = `mutation ($input: AddWebhookEndpointInput!) {
  addWebhookEndpoint(input: $input) { secret endpoint { ${fields} } } }`
const update = `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { ${fields} } }`
const remove = 'mutation ($id: ID!) { removeWebhookEndpoint(id: $id) }'
const rotate = `mutation ($id: ID!) { rotateWebhookSecret(id: $id) { secret endpoint { ${fields} } } }`
const redeliver = 'mutation ($id: ID!) { redeliverWebhook(id: $id) { id state attempts } }'
const redeliverFailed = `mutation ($endpointId: ID!, $since: DateTime) {
  redeliverFailedWebhooks(endpointId: $endpointId, since: $since) }`
const deliveries = `query ($endpointId: ID!, $state: WebhookDeliveryState, $first: Int, $after: String) {
  webhookDeliveries(endpointId: $endpointId, state: $state, first: $first, after: $after) {
    edges { cursor node { id endpointId eventId eventType accountId state attempts createdAt attemptedAt
      nextAttemptAt deliveredAt request answerStatus answer failure } }
    pageInfo { hasNextPage endCursor } } }`

const tryTo = async (query: string, variables: object = {}) => await idem.askAs(operator, query, variables)
const ask = async (query: string, variables: object = {}) => dataOf(await tryTo(query, variables))

const listed = async (): Promise<{ id: string; url: string }[]> =>
  (await ask(`{ webhookEndpoints { ${fields} } }`)).webhookEndpoints

/** An endpoint at the sink, which verifies its deliveries. */
const addEndpoint = async (input: object = {}) => {
  const added = (await ask(add, { input: { url: sink.url, ...input } })).addWebhookEndpoint
  sink.know(added.secret)
  return added
}

/** The deliveries to an endpoint, once there are so many in these states. */
const untilDelivered = async (endpointId: string, states: readonly string[]) => {
  // biome-ignore lint/suspicious/noExplicitAny: as the schema has them
  let nodes: any[] = []
  await millisecondsUntil(30_000, async () => {
    const { edges } = (await ask(deliveries, { endpointId })).webhookDeliveries
    nodes = edges.map(({ node }: { node: object }) => node)
    return JSON.stringify(nodes.map(({ state }) => state)) === JSON.stringify(states)
  })
  return nodes
}

/** The acts upon the installation that `work` left. */
const actsOf = async (work: () => Promise<unknown>) => {
  const query = `select action, account_id, actor_id, detail from audit_entry where action like 'webhook.%' order by id`
  const before = (await tables.query(query)).length
  await work()
  return (await tables.query(query)).slice(before)
}

test('each change of an endpoint leaves one act by the operator, without URL and secret', async () => {
  const acts = await actsOf(async () => {
    const { endpoint } = await addEndpoint({ description: 'app', eventTypes: ['account.merged'] })
    const { id } = endpoint
    expect(endpoint).toMatchObject({ description: 'app', eventTypes: ['account.merged'], disabledAt: null })
    const changed = (await ask(update, { input: { id, enabled: false, eventTypes: null } }))
      .updateWebhookEndpoint
    const at = idem.clock.now().toISOString()
    expect(changed).toMatchObject({
      ...{ description: 'app', eventTypes: null, url: endpoint.url },
      ...{ disabledAt: at, disabledBecause: 'OPERATOR' },
    })
    const again = (await ask(update, { input: { id, enabled: true, description: null } }))
      .updateWebhookEndpoint
    expect(again).toMatchObject({ description: null, disabledAt: null, disabledBecause: null })
    const rotated = (await ask(rotate, { id })).rotateWebhookSecret
    expect(rotated.endpoint.publicKeys).toEqual([expect.any(String), endpoint.publicKeys[0]])
    await ask(redeliverFailed, { endpointId: id })
    await ask(remove, { id })
  })
  expect(acts.map(({ action }) => action)).toEqual([
    'webhook.added',
    'webhook.changed',
    'webhook.changed',
    'webhook.secret_rotated',
    'webhook.redelivered',
    'webhook.removed',
  ])
  for (const act of acts) {
    expect(act).toMatchObject({ account_id: null, actor_id: operatorId })
    expect(JSON.stringify(act)).not.toMatch(/whsec_|127\.0\.0\.1/)
  }
})

test('what is not there, or no more, is refused, and leaves no act', async () => {
  const { endpoint } = await addEndpoint()
  await ask(remove, { id: endpoint.id })
  const acts = await actsOf(async () => {
    for (const id of [endpoint.id, randomUUID(), operatorId]) {
      const answers = [
        await tryTo(remove, { id }),
        await tryTo(rotate, { id }),
        await tryTo(update, { input: { id, enabled: true } }),
        await tryTo(redeliver, { id }),
        await tryTo(redeliverFailed, { endpointId: id }),
        await tryTo(deliveries, { endpointId: id }),
      ]
      expect(answers.map(codeOf)).toEqual(answers.map(() => 'NOT_FOUND'))
    }
  })
  expect(acts).toEqual([])
})

test.each([
  ['url', { url: 'http://example.org/' }],
  ['url', { url: 'https://name:password@example.org/' }],
  ['url', { url: 'ftp://example.org/' }],
  ['url', { url: 'example.org' }],
  ['eventTypes', { url: 'https://example.org/', eventTypes: ['account.sold'] }],
  ['eventTypes', { url: 'https://example.org/', eventTypes: [] }],
  ['description', { url: 'https://example.org/', description: 'two\nlines' }],
])('a wrong %s is named: %j', async (field, input) => {
  const answer = await tryTo(add, { input })
  expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field })
  expect(await listed()).toEqual([])
})

test('deliveries are listed newest first, by page and by state, with what was sent and answered', async () => {
  const { endpoint } = await addEndpoint()
  const { id: endpointId } = endpoint
  sink.answer = ({ payload }) =>
    payload?.type === 'account.provisioned' ? { status: 201, body: 'thanks' } : { status: 500 }
  const { accountId, accessToken } = await signInAsGuest(idem)
  await untilDelivered(endpointId, ['DELIVERED'])
  dataOf(await setHandle(idem, accessToken, 'hooked'))
  await millisecondsUntil(
    30_000,
    async () => (await untilDelivered(endpointId, ['PENDING', 'DELIVERED']))[0].answerStatus === 500,
  )
  const [failing, delivered] = await untilDelivered(endpointId, ['PENDING', 'DELIVERED'])
  expect(delivered).toMatchObject({
    ...{ endpointId, accountId, eventType: 'account.provisioned', attempts: 1, nextAttemptAt: null },
    ...{ answerStatus: 201, answer: 'thanks', failure: null, deliveredAt: expect.any(String) },
  })
  expect(delivered.request).toBe(sink.of(accountId)[0]?.body)
  expect(delivered.eventId).toBe(sink.of(accountId)[0]?.headers['webhook-id'])
  expect(failing).toMatchObject({ answerStatus: 500, deliveredAt: null, nextAttemptAt: expect.any(String) })
  const one = (await ask(deliveries, { endpointId, first: 1 })).webhookDeliveries
  expect(one.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual([failing.id])
  expect(one.pageInfo).toMatchObject({ hasNextPage: true })
  const rest = (await ask(deliveries, { endpointId, after: one.pageInfo.endCursor })).webhookDeliveries
  expect(rest.edges.map(({ node }: { node: { id: string } }) => node.id)).toEqual([delivered.id])
  expect(rest.pageInfo).toMatchObject({ hasNextPage: false })
  const byState = (await ask(deliveries, { endpointId, state: 'PENDING' })).webhookDeliveries
  expect(byState.edges).toHaveLength(1)
  expect(codeOf(await tryTo(deliveries, { endpointId, after: randomUUID() }))).toBe('NOT_FOUND')
  expect((await listed())[0]).toMatchObject({ failingSince: expect.any(String) })
})

test('the secret is seen once, and is in no log line', async () => {
  const { secret, endpoint } = await addEndpoint()
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/)
  expect(JSON.stringify(await listed())).not.toContain(secret)
  const rotated = (await ask(rotate, { id: endpoint.id })).rotateWebhookSecret
  expect(rotated.secret).not.toBe(secret)
  for (const hidden of [secret, rotated.secret]) expect(idem.logLines.join('\n')).not.toContain(hidden)
})

test('the keys of all endpoints are published, those before a rotation for a day', async () => {
  const published = async () => {
    const response = await fetch(`${idem.url}/.well-known/webhook-keys.json`)
    expect(response.headers.get('cache-control')).toContain('max-age')
    return ((await response.json()) as { keys: { kid: string; endpoint: string }[] }).keys
  }
  expect(await published()).toEqual([])
  const [one, two] = [(await addEndpoint()).endpoint, (await addEndpoint()).endpoint]
  const rotated = (await ask(rotate, { id: two.id })).rotateWebhookSecret.endpoint
  const key = (endpoint: string, kid: string) => ({
    ...{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', endpoint, kid },
    x: Buffer.from(kid.replace('whpk_', ''), 'base64').toString('base64url'),
  })
  expect(await published()).toEqual([
    key(one.id, one.publicKeys[0]),
    key(two.id, rotated.publicKeys[0]),
    key(two.id, two.publicKeys[0]),
  ])
  idem.clock.advance(24 * 3600 + 1)
  expect(await published()).toHaveLength(2)
})
