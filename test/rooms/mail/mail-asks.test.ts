// Asking for a mail: the request does the same whoever's address it is, and one asker's limits are no other's.
import { expect, test } from 'vitest'
import { sendMail } from '../../../jobs/send-mail.js'
import { openRooms, type Rooms } from '../jobs/open-rooms.js'

const quarterHourSeconds = 15 * 60
const guest = '0197b0c0-0000-7000-8000-000000000001'

/** How many statements a request for a mail sends. */
const costOf = async (rooms: Rooms, address: string, network: string): Promise<number> => {
  const { databaseStatements } = rooms.foundation.metrics
  const count = async (): Promise<number> => (await databaseStatements.get()).values[0]?.value ?? 0
  const before = await count()
  await rooms.askForMail(address, network)
  return (await count()) - before
}

/** Proves an address from a network, as an answered challenge does. */
const prove = async (rooms: Rooms, address: string, network: string): Promise<void> => {
  const id = await rooms.askForMail(address, network)
  await rooms.tables.query(
    `insert into spent_challenge (nonce, expires_at) select cause_id::text, $2 from mail where id = $1`,
    [id, rooms.clock.now()],
  )
}

test('a request for a known address, from a known network or not, sends the statements of one for an unknown address', async () => {
  const rooms = await openRooms()
  await prove(rooms, 'known@example.org', 'home')
  expect(await rooms.tables.query('select 1 from known_network')).toHaveLength(1)
  const costs: number[] = []
  for (const [address, network] of [
    ['known@example.org', 'home'],
    ['known@example.org', 'elsewhere'],
    ['unknown@example.org', 'home'],
    ['unknown@example.org', 'elsewhere'],
  ] as const)
    costs.push(await costOf(rooms, address, network))
  // One counts, one writes.
  expect(costs).toEqual([2, 2, 2, 2])
})

test('one network asks four times for a mailbox, and an account likewise wherever it is; neither uses up what is the other’s', async () => {
  const rooms = await openRooms({ environment: { IDEM_THROTTLE_MAILS_PER_SUBJECT: '4' } })
  const { mailAsks } = rooms.foundation
  const ask = async (
    network: string,
    accountId: string | null,
    address = 'ada@example.org',
  ): Promise<number> =>
    await mailAsks.count(rooms.callFrom(network), address, accountId).then(
      ({ retryAt }) => ((retryAt?.getTime() ?? 0) - rooms.clock.now().getTime()) / 1_000,
      () => Number.NaN,
    )
  const asked = async (network: string, accountId: string | null): Promise<number[]> => {
    const answers: number[] = []
    for (let index = 0; index < 5; index++) answers.push(await ask(network, accountId))
    return answers
  }
  const all = [60, 60, 60, quarterHourSeconds, Number.NaN]
  expect(await asked('office', null)).toEqual(all)
  expect(await asked('office', guest)).toEqual(all)
  expect(await ask('home', guest)).toBeNaN()
  expect(await ask('home', null)).toBe(60)
  expect(await ask('office', null, 'ada+tag@example.org')).toBeNaN()
  expect(await ask('office', null, 'grace@example.org')).toBe(60)
  rooms.clock.advance(quarterHourSeconds)
  expect(await ask('office', null)).toBe(60)
})

test('one network asks for so many mails in all, with however many accounts', async () => {
  const rooms = await openRooms({ environment: { IDEM_THROTTLE_MAILS_PER_SOURCE: '3' } })
  const { mailAsks } = rooms.foundation
  const ask = async (index: number, network: string, accountId: string | null) =>
    await mailAsks.count(rooms.callFrom(network), `reader-${index}@example.org`, accountId)
  await ask(1, 'office', null)
  await ask(2, 'office', guest)
  await ask(3, 'office', null)
  for (const accountId of [guest, null]) await expect(ask(4, 'office', accountId)).rejects.toThrow()
  await ask(4, 'home', null)
})

test('a challenge that is spent without a mail, and a nonce of another form, know no network', async () => {
  const rooms = await openRooms()
  for (const nonce of [guest, 'a-nonce-with-hyphens', 'ab'.repeat(16)])
    await rooms.tables.query('insert into spent_challenge (nonce, expires_at) values ($1, now())', [nonce])
  expect(await rooms.tables.query('select 1 from known_network')).toEqual([])
})

test('the owner’s network has five turns of its own in 15 minutes, and no more', async () => {
  const rooms = await openRooms()
  const sent: string[] = []
  const needs = rooms.mailRooms({
    send: async ({ to }) => {
      sent.push(to)
      return { reply: '250' }
    },
    close: async () => undefined,
  })
  await prove(rooms, 'ada@example.org', 'home')
  for (let index = 0; index < 8; index++)
    await sendMail(rooms.call(), await rooms.askForMail('ada@example.org', 'home'), needs)
  expect(sent).toHaveLength(5)
  await sendMail(rooms.call(), await rooms.askForMail('ada@example.org', 'elsewhere'), needs)
  expect(sent).toHaveLength(6)
})
