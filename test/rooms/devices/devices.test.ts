// Devices: registered by their own signature, listed, removed; they open nothing, and no other signature makes one.
import { expect, test } from 'vitest'
import { atOnce, codeOf, dataOf, sessionIdOf, tally } from '../../support/calls.js'
import { Device, devicesOf, register, removeDevice } from '../../support/device.js'
import { KeyOwner, signInAsGuest } from '../../support/key-owner.js'
import { serviceOfFile } from '../../support/service-of-file.js'
import { withoutLimits } from '../../support/without-limits.js'

const { idem, tables } = await serviceOfFile({
  environment: { ...withoutLimits, IDEM_DEVICES_PER_ACCOUNT: '3' },
})

const somebody = async () => {
  const owner = new KeyOwner(idem)
  return { owner, ...(await owner.signIn()) }
}

/** What a notice mail will be about: the details of the audited act that has a job to tell of it. */
const announced = async (accountId: string, action: string) =>
  (
    await tables.query(
      `select detail from audit_entry a where account_id = $1 and action = $2 and exists (
         select 1 from outbox_entry o where o.job = 'send-notices' and o.payload->>'auditEntryId' = a.id::text)`,
      [accountId, action],
    )
  ).map(({ detail }) => detail)

test('a device is registered by the signature of its key, listed with its label, and its owner is told', async () => {
  const { accessToken, accountId } = await somebody()
  const device = new Device(idem)
  const { message } = await device.challenge({ purpose: 'REGISTER_DEVICE', accessToken })
  expect(message).toContain('Purpose: REGISTER_DEVICE')
  expect(message).toContain(`Registers this key as a device of the account of ${accountId}.`)
  const registered = dataOf(await device.register(accessToken, 'My laptop')).registerDevice
  expect(registered).toEqual({
    id: expect.any(String),
    publicKey: device.publicKey,
    label: 'My laptop',
    createdAt: idem.clock.now().toISOString(),
  })
  expect(await devicesOf(idem, accessToken)).toEqual([registered])
  expect(await announced(accountId, 'device.registered')).toEqual([
    { deviceId: registered.id, publicKey: device.publicKey, label: 'My laptop' },
  ])
  // It is no identity.
  const { me } = dataOf(await idem.askAs(accessToken, '{ me { identities { method } } }'))
  expect(me.identities).toEqual([{ method: 'key' }])
})

test('a device opens nothing: as a proof it is an unknown key', async () => {
  const { accessToken, accountId } = await somebody()
  const device = new Device(idem)
  dataOf(await device.register(accessToken))
  const signedIn = await device.signIn()
  expect(signedIn).toMatchObject({ provisioned: true })
  expect(signedIn.accountId).not.toBe(accountId)
  expect(codeOf(await device.stepUp(accessToken))).toBe('PROOF_REJECTED')
})

test('no signature for another purpose registers a device, and that of a registration does nothing else', async () => {
  const { owner, accessToken } = await somebody()
  const before = await tables.contents()
  for (const purpose of ['SIGN_IN', 'LINK_IDENTITY', 'STEP_UP']) {
    const { id, message } = await owner.challenge({ purpose, accessToken })
    const answer = await register(idem, accessToken, { challengeId: id, signature: owner.sign(message) })
    expect([purpose, codeOf(answer)]).toEqual([purpose, 'PROOF_REJECTED'])
  }
  const challenge = await owner.challenge({ purpose: 'REGISTER_DEVICE', accessToken })
  const input = owner.answer(challenge)
  const others = [
    await idem.askAs(
      accessToken,
      'mutation ($input: SignInInput!) { signIn(input: $input) { provisioned } }',
      {
        input,
      },
    ),
    await idem.askAs(accessToken, 'mutation ($input: SignInInput!) { stepUp(input: $input) { tokenType } }', {
      input,
    }),
    await owner.linkBy(accessToken, challenge),
  ]
  expect(others.map(codeOf)).toEqual(['PROOF_REJECTED', 'PROOF_REJECTED', 'PROOF_REJECTED'])
  expect(await tables.contents()).toEqual(before)
})

test('a challenge is answered by its session alone, once, in time, and by the key that it names', async () => {
  const [{ accessToken }, stranger] = [await somebody(), await somebody()]
  const [device, other] = [new Device(idem), new Device(idem)]
  const answer = await device.registration(accessToken)
  expect(codeOf(await register(idem, stranger.accessToken, answer))).toBe('PROOF_REJECTED')
  const { id, message } = await device.challenge({ purpose: 'REGISTER_DEVICE', accessToken })
  const forged = { challengeId: id, signature: other.sign(message) }
  expect(codeOf(await register(idem, accessToken, forged))).toBe('PROOF_REJECTED')
  dataOf(await register(idem, accessToken, answer))
  expect(codeOf(await register(idem, accessToken, answer))).toBe('CHALLENGE_SPENT')
  expect(codeOf(await device.register(accessToken))).toBe('CONFLICT')
  const late = await other.registration(accessToken)
  idem.clock.advance(31)
  expect(codeOf(await register(idem, accessToken, late))).toBe('CHALLENGE_EXPIRED')
  expect(await devicesOf(idem, accessToken)).toHaveLength(1)
})

test('200 answers of one challenge at once register one device', async () => {
  const { accessToken } = await somebody()
  const answer = await new Device(idem).registration(accessToken)
  const answers = await atOnce(200, async () => await register(idem, accessToken, answer))
  expect(tally(answers)).toEqual({ ok: 1, CHALLENGE_SPENT: 199 })
  expect(await devicesOf(idem, accessToken)).toHaveLength(1)
})

test('of ten registered at once as many stay as there is room for; one that is removed makes room', async () => {
  const { accessToken } = await somebody()
  const answers = await atOnce(10, async () => await new Device(idem).register(accessToken))
  expect(tally(answers)).toEqual({ ok: 3, CONFLICT: 7 })
  const [first] = await devicesOf(idem, accessToken)
  dataOf(await removeDevice(idem, accessToken, first?.id ?? ''))
  dataOf(await new Device(idem).register(accessToken))
  expect(await devicesOf(idem, accessToken)).toHaveLength(3)
})

test('only the owner removes a device, once, and is told', async () => {
  const [{ accessToken, accountId }, stranger] = [await somebody(), await somebody()]
  const device = new Device(idem)
  const { id } = dataOf(await device.register(accessToken, 'Old phone')).registerDevice
  expect(codeOf(await removeDevice(idem, stranger.accessToken, id))).toBe('NOT_FOUND')
  const answers = await atOnce(5, async () => await removeDevice(idem, accessToken, id))
  expect(tally(answers)).toEqual({ ok: 1, NOT_FOUND: 4 })
  expect(await devicesOf(idem, accessToken)).toEqual([])
  expect(await announced(accountId, 'device.removed')).toEqual([
    { deviceId: id, publicKey: device.publicKey, label: 'Old phone' },
  ])
  // The same key may come back.
  dataOf(await device.register(accessToken))
})

test('registering and removing need a recent proof, and a session that is not over', async () => {
  const { owner, accessToken } = await somebody()
  const { id } = dataOf(await new Device(idem).register(accessToken)).registerDevice
  idem.clock.advance(601)
  expect(codeOf(await new Device(idem).register(accessToken))).toBe('STEP_UP_REQUIRED')
  expect(codeOf(await removeDevice(idem, accessToken, id))).toBe('STEP_UP_REQUIRED')
  const fresh = await owner.signIn()
  const answer = await new Device(idem).registration(fresh.accessToken)
  await tables.query('update session set ended_at = $2 where id = $1', [
    sessionIdOf(fresh.accessToken),
    idem.clock.now(),
  ])
  expect(codeOf(await register(idem, fresh.accessToken, answer))).toBe('UNAUTHENTICATED')
})

test('a guest, who has no password, registers no device', async () => {
  const { accessToken } = await signInAsGuest(idem)
  expect(codeOf(await new Device(idem).register(accessToken))).toBe('CONFLICT')
})

const issue = `mutation ($input: ChallengeRequest!) { issueChallenge(input: $input, purpose: REGISTER_DEVICE) { id } }`

test('only a key, without a handle and in a session, is asked to register', async () => {
  const { owner, accessToken } = await somebody()
  const { publicKey } = owner
  const asked = async (input: object) => codeOf(await idem.askAs(accessToken, issue, { input }))
  expect(await asked({ email: { address: 'ada@example.org' } })).toBe('BAD_USER_INPUT')
  expect(await asked({ key: { publicKey, handle: 'ada' } })).toBe('BAD_USER_INPUT')
  expect(await asked({ key: { publicKey: 'no key' } })).toBe('BAD_USER_INPUT')
  expect(codeOf(await idem.ask(issue, { input: { key: { publicKey } } }))).toBe('UNAUTHENTICATED')
})

test('a label is text that people can read', async () => {
  const { accessToken } = await somebody()
  for (const label of ['two\nlines', 'x'.repeat(101)])
    expect(codeOf(await new Device(idem).register(accessToken, label))).toBe('BAD_USER_INPUT')
  expect(await devicesOf(idem, accessToken)).toEqual([])
})

test('under the lock the level counts that the account has by then', async () => {
  const { accessToken, accountId } = await somebody()
  const kept = dataOf(await new Device(idem).register(accessToken)).registerDevice
  const registration = await new Device(idem).registration(accessToken)
  // Another session sets up a second factor and has not committed yet, so both pass the guard.
  await tables.query('begin')
  await tables.query("update account set level = 'aal2' where id = $1", [accountId])
  const answers = [register(idem, accessToken, registration), removeDevice(idem, accessToken, kept.id)]
  await expect
    .poll(
      async () =>
        await tables.query(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        ),
    )
    .toHaveLength(2)
  await tables.query('commit')
  expect(tally(await Promise.all(answers))).toEqual({ STEP_UP_REQUIRED: 2 })
  const left = await tables.query('select id from device where account_id = $1', [accountId])
  expect(left).toEqual([{ id: kept.id }])
})
