// Rotating the signing key by schedule: when it is due, never when that is switched off, and with no harm when run twice.
import { expect, test } from 'vitest'
import { type RotateDueSigningKeyNeeds, rotateDueSigningKey } from '../../../jobs/rotate-due-signing-key.js'
import { ensureSigningKey } from '../../../src/signing-keys/ensure-signing-key.js'
import { atOnce } from '../../support/calls.js'
import { openRooms, type Rooms } from './open-rooms.js'

const leadSeconds = 15 * 60
const daySeconds = 24 * 3_600

const open = async (signingKeyDays = 30): Promise<{ rooms: Rooms; rotation: RotateDueSigningKeyNeeds }> => {
  const rooms = await openRooms()
  await ensureSigningKey(rooms.call(), rooms.foundation)
  const rotation = { ...rooms.foundation, logger: rooms.options.logger, leadSeconds, signingKeyDays }
  return { rooms, rotation }
}

const kids = async ({ tables }: Rooms): Promise<string[]> =>
  (await tables.query('select kid from signing_key order by signs_from, created_at')).map(({ kid }) => kid)

const acts = async ({ tables }: Rooms): Promise<string[]> =>
  (
    await tables.query(`select action from audit_entry where action like 'signing_key.%' order by at, id`)
  ).map(({ action }) => action)

test('a key that has served its time gets a successor, once, which signs after its lead time', async () => {
  const { rooms, rotation } = await open()
  const [first] = await kids(rooms)
  rooms.clock.advance(30 * daySeconds - 1)
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(false)
  expect(rooms.logLines.at(-1)).toContain('the signing key is young enough')
  rooms.clock.advance(1)
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(true)
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(false)
  expect((await kids(rooms))[0]).toBe(first)
  expect(await kids(rooms)).toHaveLength(2)
  const [row] = await rooms.tables.query('select max(signs_from) as "signsFrom" from signing_key')
  expect(row.signsFrom.getTime()).toBe(rooms.clock.now().getTime() + leadSeconds * 1_000)
  expect(await acts(rooms)).toEqual(['signing_key.added', 'signing_key.added'])
  expect(rooms.logLines.some((line) => line.includes('rotated the signing key'))).toBe(true)
})

test('a key is removed with the rotation after its last token has expired', async () => {
  const { rooms, rotation } = await open()
  const [first] = await kids(rooms)
  for (let round = 0; round < 2; round++) {
    rooms.clock.advance(30 * daySeconds)
    expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(true)
  }
  expect(await kids(rooms)).toHaveLength(2)
  expect(await kids(rooms)).not.toContain(first)
  expect(await acts(rooms)).toContain('signing_key.removed')
})

test('with 0 days no key is ever due', async () => {
  const { rooms, rotation } = await open(0)
  rooms.clock.advance(3_650 * daySeconds)
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(false)
  expect(await kids(rooms)).toHaveLength(1)
})

test('run several times at once it adds a key at least, and none that signed is removed', async () => {
  const { rooms, rotation } = await open()
  const [first] = await kids(rooms)
  rooms.clock.advance(30 * daySeconds)
  const results = await atOnce(3, () => rotateDueSigningKey(rooms.call(), rotation))
  expect(results).toContain(true)
  const after = await kids(rooms)
  expect(after[0]).toBe(first)
  expect(after.length).toBe(1 + results.filter(Boolean).length)
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(false)
})

test('before there is any key nothing is due', async () => {
  const rooms = await openRooms()
  const rotation = { ...rooms.foundation, logger: rooms.options.logger, leadSeconds, signingKeyDays: 1 }
  expect(await rotateDueSigningKey(rooms.call(), rotation)).toBe(false)
  expect(await kids(rooms)).toEqual([])
})
