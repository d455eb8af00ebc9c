// A merge or an undo whose connection dies at any of its writes leaves both accounts as before.
import { expect, test } from 'vitest'
import { openRooms, type Rooms } from '../jobs/open-rooms.js'
import { Ground } from './ground.js'
import { type DrawnAccount, Ids, modelOf } from './sequences.js'

const person: DrawnAccount = {
  isGuest: false,
  age: 0,
  identities: ['key', 'email'],
  hasPassword: true,
  totp: 'confirmed',
  hasCodes: true,
  devices: [0, 1],
  handles: 2,
  displayName: null,
  locale: null,
  sessions: 1,
}

/** What a merge and an undo write, in no order. */
const written = [
  'merge',
  'merge_row',
  'identity',
  'second_factor',
  'device',
  'handle',
  'account',
  'audit_entry',
]

/** Runs `act` while the server ends every connection that writes to a table, as if its process had died there. */
const whileWritesKill = async (
  { tables }: Rooms,
  table: string,
  act: () => Promise<unknown>,
): Promise<void> => {
  await tables.query(`create or replace function die() returns trigger language plpgsql as
    'begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(0); return null; end'`)
  await tables.query(
    `create trigger dies after insert or update or delete on "${table}" for each statement execute function die()`,
  )
  await expect(act(), table).rejects.toThrow()
  await tables.query(`drop trigger dies on "${table}"`)
}

test('a merge or an undo that dies at any of its writes has changed nothing, and the next one is whole', async () => {
  const rooms = await openRooms()
  const ground = new Ground(rooms)
  const ids = new Ids(1)
  const model = modelOf([person, person], ids)
  await ground.seed(model)
  const accounts = [...model.accounts.keys()]
  const [own = '', other = ''] = accounts
  const wish = { survivor: own, choices: new Map(), session: null, proven: null }
  const merge = async () => await ground.merge({ own, other, ...wish })
  const before = await ground.contents(accounts)
  for (const table of written) {
    await whileWritesKill(rooms, table, merge)
    expect(await ground.contents(accounts), table).toEqual(before)
  }
  const { outcome, id } = await merge()
  expect(outcome).toBe('done')
  const session = await ground.openForUndo(id, ids.next())
  const undo = async () => await ground.undo(id, session)
  const merged = await ground.contents(accounts)
  for (const table of written) {
    await whileWritesKill(rooms, table, undo)
    expect(await ground.contents(accounts), table).toEqual(merged)
  }
  expect(await undo()).toBe('done')
  expect(await ground.contents(accounts)).not.toEqual(merged)
})
