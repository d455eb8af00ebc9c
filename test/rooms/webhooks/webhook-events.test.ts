// Events: a row in the very transaction of the act, whoever wrote it, and only while an endpoint wants it.
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { purgeExpired } from '../../../jobs/purge-expired.js'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { changeEndpoint } from '../../../src/webhooks/change-endpoint.js'
import { removeEndpoint } from '../../../src/webhooks/remove-endpoint.js'
import { WebhookEndpoints } from '../../../src/webhooks/webhook-endpoints.js'
import { askMe, dataOf, revoke, sessionIdOf, setHandle } from '../../support/calls.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { startTestService } from '../../support/start-service.js'
import { startWebhookSink, withStatus } from '../../support/webhook-sink.js'
import { Hooks } from './open-hooks.js'

const { idem, tables } = await serviceOfFile({ environment: { IDEM_OPERATORS: 'hooks-operator' } })
const hooks = new Hooks(idem, tables)
beforeEach(async () => await hooks.clear())

/** Not called: nothing runs the jobs here. */
const nowhere = 'https://hooks.example.org/'

/** What `work` told, and whether all of it is in the transaction of an audit entry. */
const told = async (work: () => Promise<unknown>) => {
  await tables.query('delete from webhook_event')
  await work()
  const rows = await tables.query(`select e.type, e.payload, e.account_id as "accountId",
      exists (select 1 from audit_entry a where a.xmin = e.xmin) as "isTogether"
    from webhook_event e order by e.seq`)
  expect(rows.filter(({ isTogether }) => !isTogether)).toEqual([])
  return rows.map(({ isTogether: _, ...event }) => event)
}

const ask =
  (accessToken: string, query: string, variables: object = {}) =>
  async () =>
    void dataOf(await idem.askAs(accessToken, query, variables))

let handles = 0
const nextHandle = (): string => `hooked-${handles++}`

test('every act that others must follow is told, with ids and public facts alone', async () => {
  await hooks.add(nowhere)
  const owner = new KeyOwner(idem)
  const provisioned = await told(async () => await owner.signIn())
  const ada = await owner.signIn()
  const { identities } = dataOf(await askMe(idem, ada.accessToken)).me
  const accountId = ada.accountId
  const of = (type: string, payload: object) => ({ type, accountId, payload })
  const revoked = (facts: object) =>
    of('session.revoked', { sessionId: null, exceptSessionId: null, identityId: null, ...facts })
  expect(provisioned).toEqual([of('account.provisioned', { method: 'key', identityId: identities[0].id })])

  const handle = nextHandle()
  expect(await told(async () => await setHandle(idem, ada.accessToken, handle))).toEqual([
    of('account.updated', { changed: ['handle'], handle }),
  ])
  const profile = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { id } }'
  expect(await told(ask(ada.accessToken, profile, { input: { displayName: 'Ada', locale: 'de' } }))).toEqual([
    of('account.updated', { changed: ['displayName', 'locale'] }),
  ])
  // What is nobody's business is no event.
  expect(await told(ask(ada.accessToken, profile, { input: { signInNotices: false } }))).toEqual([])

  const guest = await signInAsGuest(idem)
  expect(
    await told(async () => await revoke(idem, guest.accessToken, sessionIdOf(guest.accessToken))),
  ).toEqual([
    {
      ...revoked({ cause: 'revoked', sessionId: sessionIdOf(guest.accessToken) }),
      accountId: guest.accountId,
    },
  ])
  expect(await told(ask(ada.accessToken, 'mutation { revokeOtherSessions }'))).toEqual([
    revoked({ cause: 'revoked', exceptSessionId: sessionIdOf(ada.accessToken) }),
  ])

  const operator = await new KeyOwner(idem).signIn('hooks-operator')
  const byOperator = async (query: string) =>
    await told(async () => void dataOf(await idem.askAs(operator.accessToken, query, { id: accountId })))
  expect(await byOperator('mutation ($id: ID!) { endAccountSessions(id: $id) }')).toEqual([
    revoked({ cause: 'operator' }),
  ])
  expect(
    await byOperator('mutation ($id: ID!) { suspendAccount(id: $id, reason: "a secret reason") { id } }'),
  ).toEqual([
    of('account.updated', { changed: ['suspended'], suspended: true }),
    revoked({ cause: 'suspended' }),
  ])
  expect(await byOperator('mutation ($id: ID!) { reinstateAccount(id: $id) { id } }')).toEqual([
    of('account.updated', { changed: ['suspended'], suspended: false }),
  ])
})

test('a refused change tells nothing, and neither does one that is rolled back', async () => {
  await hooks.add(nowhere)
  const [ada, grace] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  const handle = nextHandle()
  await setHandle(idem, ada.accessToken, handle)
  expect(await told(async () => await setHandle(idem, grace.accessToken, handle))).toEqual([])
  expect(await told(async () => await revoke(idem, grace.accessToken, systemRandom.uuid()))).toEqual([])
  const rollBack = async () =>
    await hooks.call().inTransaction(async (inner) => {
      await idem.foundation.auditLog.append(inner, { action: 'account.deleted', accountId: ada.accountId })
      throw new Error('rolled back')
    })
  expect(await told(async () => await expect(rollBack()).rejects.toThrow('rolled back'))).toEqual([])
})

test('without an endpoint that wants it, an act writes no row and asks no statement more', async () => {
  const count = async (): Promise<number> =>
    (await idem.foundation.metrics.databaseStatements.get()).values[0]?.value ?? 0
  const fewest = async (): Promise<number> => {
    // Only while what is written elsewhere is heard, rows are cached.
    await vi.waitFor(() => expect(idem.foundation.notifications.trusted).toBe(true), 10_000)
    const counts: number[] = []
    for (let time = 0; time < 3; time += 1) {
      const before = await count()
      await signInAsGuest(idem)
      counts.push((await count()) - before)
    }
    return Math.min(...counts)
  }
  const { endpoint } = await hooks.add(nowhere)
  expect(await fewest()).toBe(3)
  expect(await told(async () => await signInAsGuest(idem))).toHaveLength(1)
  await changeEndpoint(hooks.call(), endpoint.id, { eventTypes: ['account.merged'] }, hooks.needs)
  await idem.foundation.webhookEndpoints.read()
  await tables.query('delete from outbox_entry')
  expect(await told(async () => await signInAsGuest(idem))).toEqual([])
  await changeEndpoint(hooks.call(), endpoint.id, { eventTypes: null, isEnabled: false }, hooks.needs)
  await idem.foundation.webhookEndpoints.read()
  expect(await told(async () => await signInAsGuest(idem))).toEqual([])
  await removeEndpoint(hooks.call(), endpoint.id, hooks.needs)
  await idem.foundation.webhookEndpoints.read()
  expect(await told(async () => await signInAsGuest(idem))).toEqual([])
  expect(await fewest()).toBe(3)
  expect(await tables.query('select 1 from outbox_entry')).toEqual([])
})

test('whoever waits for what is wanted knows it then, also if it was asked for again meanwhile', async () => {
  const { database } = idem.foundation
  const { logger } = idem.options
  const notifications = { on: () => undefined }
  const endpoints = new WebhookEndpoints({ database, notifications, logger })
  expect(endpoints.wants('account.deleted')).toBe(true)
  const first = endpoints.read()
  const second = endpoints.read()
  await first
  expect(endpoints.wants('account.deleted')).toBe(false)
  await second
})

test('another process learns of an endpoint, and that it is gone', async () => {
  const other = await startTestService({ databaseUrl: idem.databaseUrl, clock: idem.clock })
  onTestFinished(async () => await other.stop())
  const { webhookEndpoints } = other.foundation
  const isWanted = async (wanted: boolean) =>
    await vi.waitFor(() => expect(webhookEndpoints.wants('account.merged')).toBe(wanted), 10_000)
  await isWanted(false)
  const { endpoint } = await hooks.add(nowhere)
  await isWanted(true)
  expect(await told(async () => await signInAsGuest(other))).toHaveLength(1)
  await changeEndpoint(hooks.call(), endpoint.id, { isEnabled: false }, hooks.needs)
  await isWanted(false)
})

test('a merge is told with the map of ids, and says who has acknowledged it', async () => {
  const sink = await startWebhookSink()
  const { endpoint } = await hooks.add(sink.url, ['account.merged'])
  const [ada, grace] = [await new KeyOwner(idem).signIn(), await new KeyOwner(idem).signIn()]
  const { foundation } = idem
  const { merge } = await mergeAccounts(
    hooks.call(),
    {
      ownId: ada.accountId,
      otherId: grace.accountId,
      survivorId: null,
      choices: new Map(),
      proofs: [],
      session: null,
    },
    { ...foundation, random: systemRandom },
  )
  const acknowledgements = async () =>
    await foundation.webhookDeliveries.acknowledgementsOf(hooks.call(), [merge.id])
  const of = { mergeId: merge.id, type: 'account.merged', endpointId: endpoint.id, url: sink.url }
  sink.answer = withStatus(500)
  await hooks.deliver(endpoint.id)
  expect(await acknowledgements()).toMatchObject([{ ...of, acknowledgedAt: null }])
  idem.clock.advance(7)
  sink.answer = withStatus(202)
  await hooks.send(endpoint.id)
  expect(await acknowledgements()).toMatchObject([{ ...of, acknowledgedAt: hooks.call().now }])
  expect(sink.got.map(({ data }) => data)).toEqual(
    Array(2).fill({
      accountId: ada.accountId,
      mergeId: merge.id,
      survivorId: ada.accountId,
      absorbedId: grace.accountId,
      ids: [{ from: grace.accountId, to: ada.accountId }],
    }),
  )
  expect(await foundation.webhookDeliveries.acknowledgementsOf(hooks.call(), [])).toEqual([])
  // Of very many endpoints the first are shown.
  await tables.query(`with more as (
      insert into webhook_endpoint select (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid()))).*
        from webhook_endpoint p, generate_series(1, 60) returning id)
    insert into webhook_delivery select (jsonb_populate_record(d,
        jsonb_build_object('id', gen_random_uuid(), 'endpoint_id', more.id))).* from webhook_delivery d, more`)
  expect(await acknowledgements()).toHaveLength(20)
})

test('guests that are purged are told as deleted, and old events go with their deliveries', async () => {
  const { endpoint } = await hooks.add(nowhere)
  const guest = await signInAsGuest(idem)
  await hooks.fanOut()
  const purge = async () =>
    await purgeExpired(hooks.call(), async () => undefined, {
      ...idem.foundation,
      random: systemRandom,
      logger: idem.options.logger,
      keptHandles: new Set(),
      keptFor: {
        endedSessionDays: 30,
        challengeHours: 24,
        mailDays: 30,
        knownNetworkDays: 90,
        doneJobDays: 7,
        webhookDays: 35,
        idleGuestDays: 1,
        handleQuarantineDays: 180,
        auditDays: { routine: 7, access: 90, change: 730 },
      },
    })
  idem.clock.advance(34 * 24 * 3_600)
  const before = await tables.query('select id from webhook_event')
  await purge()
  const [deleted] = await tables.query(
    `select payload from webhook_event where type = 'account.deleted' and account_id = $1`,
    [guest.accountId],
  )
  expect(deleted.payload).toEqual({ ids: [guest.accountId] })
  idem.clock.advance(2 * 24 * 3_600)
  expect(await hooks.log(endpoint.id)).toHaveLength(before.length)
  expect((await purge())['webhook events']).toBe(before.length)
  expect(await hooks.log(endpoint.id)).toEqual([])
})
