// Endpoints: what operators may register, and what they may not; the keys that sign.
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemRandom } from '../../../src/runtime/random.js'
import { addEndpoint } from '../../../src/webhooks/add-endpoint.js'
import { changeEndpoint } from '../../../src/webhooks/change-endpoint.js'
import { openEndpointKeys } from '../../../src/webhooks/endpoint-keys.js'
import { removeEndpoint } from '../../../src/webhooks/remove-endpoint.js'
import { rotateEndpointSecret } from '../../../src/webhooks/rotate-endpoint-secret.js'
import { atOnce } from '../../support/calls.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { startTestService } from '../../support/start-service.js'
import { Hooks } from './open-hooks.js'

const { idem, tables } = await serviceOfFile()
const hooks = new Hooks(idem, tables)
beforeEach(async () => await hooks.clear())

const url = 'https://hooks.example.org/idem?token=t'
const add = async (changes: object = {}) =>
  await addEndpoint(hooks.call(), { url, description: null, eventTypes: null, ...changes }, hooks.needs)

describe('an endpoint', () => {
  test('is listed with its description and events; its secret is shown once, and stored sealed', async () => {
    const eventTypes = ['account.merged', 'account.deleted', 'account.merged']
    const { endpoint, secret } = await add({ description: '  The  billing ', eventTypes })
    expect(endpoint).toMatchObject({ url, description: 'The billing', isEnabled: true })
    expect(endpoint.eventTypes).toEqual(['account.merged', 'account.deleted'])
    expect(secret.reveal()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(Buffer.from(secret.reveal().slice(6), 'base64')).toHaveLength(32)
    const listed = await idem.foundation.webhookEndpoints.list(hooks.call())
    expect(listed.map(({ id }) => id)).toEqual([endpoint.id])
    const [row] = await tables.query('select to_jsonb(e)::text as text from webhook_endpoint e')
    expect(row.text).not.toContain(secret.reveal().slice(6))
  })

  test.each([
    ['no URL', 'hooks'],
    ['without TLS, elsewhere', 'http://hooks.example.org/'],
    ['another scheme', 'ftp://hooks.example.org/'],
    ['a file', 'file:///etc/passwd'],
    ['a line break', 'https://hooks.example.org/\r\nx-injected: 1'],
    ['a line break in the host', 'https://hooks.example\n.org/'],
    ['a tab', 'https://hooks.example.org/\tx'],
    ['a zero byte', 'https://hooks.example.org/\0'],
    ['a login', 'https://ada:secret@hooks.example.org/'],
    ['a user', 'https://ada@hooks.example.org/'],
    ['a fragment', 'https://hooks.example.org/#x'],
    ['too long', `https://hooks.example.org/${'x'.repeat(2_000)}`],
    ['half a character', 'https://hooks.example.org/\ud800'],
  ])('is refused with %s, whether it is new or changed', async (_what, wrong) => {
    const refused = { code: 'BAD_USER_INPUT', details: { field: 'url' } }
    await expect(add({ url: wrong })).rejects.toMatchObject(refused)
    const { endpoint } = await add()
    await expect(
      changeEndpoint(hooks.call(), endpoint.id, { url: wrong }, hooks.needs),
    ).rejects.toMatchObject(refused)
    expect(await idem.foundation.webhookEndpoints.get(hooks.call(), endpoint.id)).toMatchObject({ url })
  })

  test('is refused with a description that would break a line, and with events that do not exist', async () => {
    await expect(add({ description: 'a\r\nwebhook-id: 1' })).rejects.toMatchObject({
      details: { field: 'description' },
    })
    for (const eventTypes of [[], ['account.merged', 'account.stolen'], ['toString'], Array(99).fill('x')])
      await expect(add({ eventTypes })).rejects.toMatchObject({ details: { field: 'eventTypes' } })
    expect(await tables.query('select 1 from webhook_endpoint')).toEqual([])
  })

  test('that does not exist cannot be changed, rotated or removed, and removed twice it is gone once', async () => {
    const id = systemRandom.uuid()
    const none = { code: 'NOT_FOUND' }
    await expect(changeEndpoint(hooks.call(), id, { isEnabled: true }, hooks.needs)).rejects.toMatchObject(
      none,
    )
    await expect(rotateEndpointSecret(hooks.call(), id, hooks.needs)).rejects.toMatchObject(none)
    const { endpoint } = await add()
    const removed = await Promise.allSettled(
      [1, 2, 3].map(async () => await removeEndpoint(hooks.call(), endpoint.id, hooks.needs)),
    )
    expect(removed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const acts = await tables.query(`select action from audit_entry where detail ->> 'endpointId' = $1`, [
      endpoint.id,
    ])
    // Both may be of one moment.
    expect(acts.map(({ action }) => action).toSorted()).toEqual(['webhook.added', 'webhook.removed'])
  })

  test('is one of 200 at most, also when they are added at once', async () => {
    await add()
    await tables.query(`insert into webhook_endpoint
      select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid()))).*
      from webhook_endpoint e, generate_series(1, 197)`)
    const added = await atOnce(
      5,
      async () =>
        await add().then(
          () => 'added',
          ({ code }) => code,
        ),
    )
    expect(added.toSorted()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'added', 'added'])
  })
})

test('keys that an older secret sealed are sealed anew at a start, so that it can go from the list', async () => {
  const secrets = [
    'an old secret for tests, and for tests only',
    'a new secret for tests, and for tests only',
  ]
  const [older = '', newer = ''] = secrets
  const before = await startTestService({ secrets: [older] })
  const oldHooks = new Hooks(before, tables)
  const { endpoint } = await oldHooks.add(url)
  await rotateEndpointSecret(oldHooks.call(), endpoint.id, oldHooks.needs)
  await before.stop()
  const options = { databaseUrl: before.databaseUrl, clock: before.clock }
  const both = await startTestService({ ...options, secrets: [newer, older] })
  await both.stop()
  const after = await startTestService({
    ...options,
    secrets: [newer, 'yet another one, of tests and for tests'],
  })
  onTestFinished(async () => await after.stop())
  const { webhookEndpoints, keyRing, ownCall } = after.foundation
  const { sealedKeys, sealedPreviousKeys } = await webhookEndpoints.get(ownCall(), endpoint.id)
  expect(openEndpointKeys(keyRing, sealedKeys)).not.toBeNull()
  expect(openEndpointKeys(keyRing, sealedPreviousKeys ?? '')).not.toBeNull()
})
