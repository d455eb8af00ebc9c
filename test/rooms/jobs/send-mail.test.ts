// Sending a mail: once, however many try; later when it cannot be now; never when that would be too late or too much.
import { expect, onTestFinished, test } from 'vitest'
import { type SendMailNeeds, sendMail } from '../../../jobs/send-mail.js'
import { MailDeferred, type Mailer } from '../../../src/mail/mailer.js'
import { JobPostponed } from '../../../src/queue/running-job.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { atOnce, millisecondsUntil } from '../../support/calls.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { createDatabase, freePort } from '../../support/start-service.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { openRooms, type Rooms } from './open-rooms.js'

const address = 'ada@example.org'
/** How long a lease lasts unless it is prolonged, in seconds. */
const leaseSeconds = 6
const quarterHourSeconds = 15 * 60

const startSmtp = async (): Promise<SmtpServer> => {
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  return smtp
}

const open = async (
  environment: Readonly<Record<string, string>> = {},
  databaseUrl?: string,
): Promise<{ readonly rooms: Rooms; readonly smtp: SmtpServer }> => {
  const smtp = await startSmtp()
  const rooms = await openRooms({
    environment: { SMTP_URL: smtp.url, IDEM_SMTP_TIMEOUT_SECONDS: '1', ...environment },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  return { rooms, smtp }
}

const postponedUntil = async (sending: Promise<void>): Promise<number> => {
  const error = await sending.then(
    () => new Error('it was not postponed'),
    (reason: unknown) => reason,
  )
  if (error instanceof JobPostponed) return error.until.getTime()
  throw error
}

test('a mail is sent with its code and link, and its state says so', async () => {
  const { rooms, smtp } = await open()
  const id = await rooms.askForMail(address)
  expect(await rooms.mail(id)).toEqual({ state: 'queued', reply: null })
  await sendMail(rooms.call(), id, rooms.mailRooms())
  expect(await rooms.mail(id)).toMatchObject({ state: 'sent', reply: expect.stringContaining('250') })
  const mail = await smtp.waitFor(address)
  expect(mail.messageId).toBe(`<${id}@id.example.org>`)
  expect(mail.text).toContain('https://id.example.org/confirm?token=')
  expect(await rooms.metric('idem_mails_total', { result: 'sent' })).toBe(1)
})

test('of twenty tries at once, and of one afterwards, one sends; the others leave it to that one', async () => {
  const { rooms, smtp } = await open()
  const id = await rooms.askForMail(address)
  const mailRooms = rooms.mailRooms()
  const tries = await atOnce(20, async () =>
    sendMail(rooms.call(), id, mailRooms).then(
      () => 'done',
      (error: unknown) => (error instanceof JobPostponed ? 'postponed' : error),
    ),
  )
  for (const result of tries) expect(['done', 'postponed']).toContain(result)
  await sendMail(rooms.call(), id, mailRooms)
  expect(smtp.count(address)).toBe(1)
})

test('a mail that there is not, and one whose cause was purged, is no failure', async () => {
  const { rooms, smtp } = await open()
  await sendMail(rooms.call(), systemRandom.uuid(), rooms.mailRooms())
  const id = await rooms.askForMail(address)
  await rooms.tables.query('delete from held_challenge')
  await sendMail(rooms.call(), id, rooms.mailRooms())
  expect(await rooms.mail(id)).toEqual({ state: 'withheld', reply: 'too late' })
  expect(smtp.count()).toBe(0)
})

test('what a server refuses for good is not tried again', async () => {
  const { rooms, smtp } = await open()
  await smtp.behave('refuse-recipient', address)
  const id = await rooms.askForMail(address)
  await sendMail(rooms.call(), id, rooms.mailRooms())
  expect(await rooms.mail(id)).toMatchObject({ state: 'refused', reply: expect.stringContaining('550') })
  await smtp.behave('accept')
  await sendMail(rooms.call(), id, rooms.mailRooms())
  expect(smtp.count()).toBe(0)
  expect(await rooms.metric('idem_mails_total', { result: 'refused' })).toBe(1)
})

test.each(['defer-message', 'refuse-connection', 'stall'] as const)(
  'after %s the mail is free for the next try at once, which sends it',
  async (behaviour) => {
    const { rooms, smtp } = await open()
    await smtp.behave(behaviour)
    const id = await rooms.askForMail(address)
    await expect(sendMail(rooms.call(), id, rooms.mailRooms())).rejects.toThrow(MailDeferred)
    expect((await rooms.mail(id)).state).toBe('deferred')
    await smtp.behave('accept')
    await sendMail(rooms.call(), id, rooms.mailRooms())
    expect((await rooms.mail(id)).state).toBe('sent')
    expect(smtp.count(address)).toBe(1)
    expect(await rooms.metric('idem_mails_total', { result: 'deferred' })).toBe(1)
  },
)

test('a mail is left to the try that leased it until the lease ends, then another takes it; the late one changes nothing', async () => {
  const { rooms, smtp } = await open()
  const id = await rooms.askForMail(address)
  const { mails } = rooms.foundation
  const [dead, other] = [systemRandom.uuid(), systemRandom.uuid()]
  const until = new Date(rooms.clock.now().getTime() + leaseSeconds * 1_000)
  expect(await mails.lease(rooms.call(), { id, by: dead, until })).not.toBeNull()
  expect(await postponedUntil(sendMail(rooms.call(), id, rooms.mailRooms()))).toBe(until.getTime())
  // Who lives says so, and keeps it; nobody else can say so in its place.
  const later = new Date(until.getTime() + 1_000)
  expect(await mails.prolong(rooms.call(), { id, by: other, until: later })).toBe(false)
  expect(await mails.prolong(rooms.call(), { id, by: dead, until: later })).toBe(true)
  rooms.clock.advance(leaseSeconds)
  expect(await postponedUntil(sendMail(rooms.call(), id, rooms.mailRooms()))).toBe(later.getTime())
  rooms.clock.advance(1)
  await sendMail(rooms.call(), id, rooms.mailRooms())
  expect(smtp.count(address)).toBe(1)
  // The one that was thought dead comes back.
  expect(await mails.prolong(rooms.call(), { id, by: dead, until: later })).toBe(false)
  await mails.release(rooms.call(), id, { by: dead, state: 'deferred', reply: 'late' })
  await mails.settle(rooms.call(), id, { state: 'refused', reply: 'late' })
  expect((await rooms.mail(id)).state).toBe('sent')
})

test('while a server takes its time, the mail stays with the try that has it', async () => {
  const { rooms } = await open()
  const id = await rooms.askForMail(address)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const slow: Mailer = {
    send: async () => {
      await released
      return { reply: '250 at last' }
    },
    close: async () => undefined,
  }
  const sending = sendMail(rooms.call(), id, rooms.mailRooms(slow))
  const leasedUntil = async (): Promise<number> => {
    const [row] = await rooms.tables.query('select leased_until from mail where id = $1', [id])
    return row.leased_until?.getTime() ?? 0
  }
  await millisecondsUntil(5_000, async () => (await leasedUntil()) > 0)
  const first = await leasedUntil()
  rooms.clock.advance(leaseSeconds - 1)
  await millisecondsUntil(10_000, async () => (await leasedUntil()) > first)
  rooms.clock.advance(2)
  await postponedUntil(sendMail(rooms.call(), id, rooms.mailRooms(slow)))
  release()
  await sending
  expect(await rooms.mail(id)).toEqual({ state: 'sent', reply: '250 at last' })
})

test('a code that has expired, or was used, is not sent', async () => {
  const { rooms, smtp } = await open()
  const expired = await rooms.askForMail(address)
  rooms.clock.advance(quarterHourSeconds)
  await sendMail(rooms.call(), expired, rooms.mailRooms())
  const used = await rooms.askForMail(address)
  await rooms.tables.query(
    `insert into spent_challenge (nonce, expires_at) select cause_id, now() from mail where id = $1`,
    [used],
  )
  await sendMail(rooms.call(), used, rooms.mailRooms())
  for (const id of [expired, used])
    expect(await rooms.mail(id)).toEqual({ state: 'withheld', reply: 'too late' })
  expect(smtp.count()).toBe(0)
  expect(await rooms.metric('idem_mails_total', { result: 'withheld' })).toBe(2)
})

/** The mails that so many networks ask for to the same address. */
const askFromNetworks = async (rooms: Rooms, many: number): Promise<string[]> => {
  const ids: string[] = []
  for (let index = 0; index < many; index++) ids.push(await rooms.askForMail(address, `network ${index}`))
  return ids
}

/** Sends, or is told to wait, or learns that it is too late. */
const trySending = async (rooms: Rooms, id: string, mailRooms: SendMailNeeds): Promise<void> =>
  await sendMail(rooms.call(), id, mailRooms).catch((error: unknown) => {
    if (!(error instanceof JobPostponed)) throw error
  })

const stateOf = async (rooms: Rooms, id: string): Promise<string> => (await rooms.mail(id)).state

test('the sixth mail to a mailbox within a quarter of an hour is withheld, however at once two processes send twenty; then there is room again', async () => {
  const { rooms, smtp } = await open()
  const beside = await openRooms({
    environment: { SMTP_URL: smtp.url },
    databaseUrl: rooms.options.databaseUrl,
    clock: rooms.clock,
  })
  const ids = await askFromNetworks(rooms, 20)
  const other = await rooms.askForMail('grace@example.org')
  const mailRooms = [rooms.mailRooms(), beside.mailRooms()] as const
  await Promise.all(
    [...ids.toReversed(), other].map((id, index) =>
      trySending(rooms, id, mailRooms[index % 2 === 0 ? 0 : 1]),
    ),
  )
  const states = await Promise.all(ids.map(async (id) => await stateOf(rooms, id)))
  expect(states.toSorted()).toEqual([...Array(5).fill('sent'), ...Array(15).fill('withheld')])
  expect(smtp.count(address)).toBe(5)
  expect(smtp.count('grace@example.org')).toBe(1)
  rooms.clock.advance(quarterHourSeconds)
  const next = await rooms.askForMail(address)
  await sendMail(rooms.call(), next, mailRooms[0])
  expect(await stateOf(rooms, next)).toBe('sent')
})

test('a mail that comes when strangers have had all goes out when its turn comes, before those that were asked for after it', async () => {
  const { rooms, smtp } = await open()
  const mailRooms = rooms.mailRooms()
  for (const id of await askFromNetworks(rooms, 5)) await sendMail(rooms.call(), id, mailRooms)
  const turn = rooms.clock.now().getTime() + quarterHourSeconds * 1_000
  rooms.clock.advance(300)
  const hers = await rooms.askForMail(address, 'hers')
  expect(await postponedUntil(sendMail(rooms.call(), hers, mailRooms))).toBe(turn)
  expect(await rooms.mail(hers)).toEqual({ state: 'queued', reply: 'waits for its turn' })
  // Others come, and she asks again: neither moves her turn.
  const later = await askFromNetworks(rooms, 20)
  for (const id of later) await trySending(rooms, id, mailRooms)
  rooms.clock.advance(599)
  expect(await postponedUntil(sendMail(rooms.call(), hers, mailRooms))).toBe(turn)
  expect(smtp.count(address)).toBe(5)
  rooms.clock.advance(1)
  for (const id of [...later, hers]) await trySending(rooms, id, mailRooms)
  expect(await stateOf(rooms, hers)).toBe('sent')
  expect(smtp.count(address)).toBeLessThanOrEqual(10)
})

test('a mail that is tried again because no server took it keeps its turn and takes no other', async () => {
  const { rooms, smtp } = await open()
  const mailRooms = rooms.mailRooms()
  const ids = await askFromNetworks(rooms, 5)
  await smtp.behave('defer-message')
  for (const id of ids)
    for (let time = 0; time < 3; time++)
      await expect(sendMail(rooms.call(), id, mailRooms)).rejects.toThrow(MailDeferred)
  await smtp.behave('accept')
  for (const id of ids) await sendMail(rooms.call(), id, mailRooms)
  expect(smtp.count(address)).toBe(5)
})

test('a mail whose turn would come too late is withheld at once', async () => {
  const { rooms } = await open()
  const mailRooms = rooms.mailRooms()
  for (const id of await askFromNetworks(rooms, 5)) await sendMail(rooms.call(), id, mailRooms)
  const sixth = await rooms.askForMail(address, 'sixth')
  await sendMail(rooms.call(), sixth, mailRooms)
  expect(await rooms.mail(sixth)).toEqual({ state: 'withheld', reply: 'too many mails to this mailbox' })
})

test('a network gets half of what a domain gets at a time, over all processes; another network, and another domain, do not wait', async () => {
  const { rooms, smtp } = await open({ IDEM_MAILS_PER_DOMAIN: '4' })
  const beside = await openRooms({
    environment: { SMTP_URL: smtp.url, IDEM_MAILS_PER_DOMAIN: '4' },
    databaseUrl: rooms.options.databaseUrl,
    clock: rooms.clock,
  })
  const ids: string[] = []
  for (let index = 0; index < 8; index++)
    ids.push(await rooms.askForMail(`busy-${index}@example.org`, 'busy'))
  const [one, two] = [rooms.mailRooms(), beside.mailRooms()]
  const now = rooms.clock.now().getTime()
  await Promise.all(ids.map(async (id, index) => await trySending(rooms, id, index % 2 === 0 ? one : two)))
  expect(smtp.count()).toBe(2)
  const waiting: string[] = []
  for (const id of ids) if ((await stateOf(rooms, id)) !== 'sent') waiting.push(id)
  for (const id of waiting)
    expect(await rooms.mail(id)).toEqual({ state: 'queued', reply: 'waits for its turn' })
  for (const [mail, network] of [
    ['reader@example.org', 'of the reader'],
    ['busy@example.net', 'busy'],
  ] as const)
    await sendMail(rooms.call(), await rooms.askForMail(mail, network), two)
  expect(smtp.count()).toBe(4)
  const until = await Promise.all(
    waiting.map(async (id) => (await postponedUntil(sendMail(rooms.call(), id, one))) - now),
  )
  for (const milliseconds of until) expect(milliseconds % 10_000).toBe(0)
  for (let window = 0; window < 3; window++) {
    rooms.clock.advance(10)
    for (const id of waiting) await trySending(rooms, id, two)
    expect(smtp.count()).toBe(4 + 2 * (window + 1))
  }
})

test('with PostgreSQL away right after the acknowledgement, the mail is noted as sent once it is back, and not sent twice', async () => {
  const databaseUrl = await createDatabase()
  const proxy = await TcpProxy.start(databaseUrl, await freePort())
  onTestFinished(async () => await proxy.cut())
  const { rooms, smtp } = await open({}, proxy.url)
  const id = await rooms.askForMail(address)
  const real = rooms.mailer()
  const cutting: Mailer = {
    send: async (message) => {
      const sent = await real.send(message)
      await proxy.cut()
      return sent
    },
    close: async () => undefined,
  }
  const sending = sendMail(rooms.call(), id, rooms.mailRooms(cutting))
  await millisecondsUntil(10_000, async () => smtp.count(address) === 1)
  // Longer than one try to note it, and than the lease.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  rooms.clock.advance(leaseSeconds)
  await proxy.mend()
  await sending
  // The test's own connection went with the others.
  const after = await openRooms({ databaseUrl })
  expect((await after.mail(id)).state).toBe('sent')
  await sendMail(after.call(), id, after.mailRooms(real))
  expect(smtp.count(address)).toBe(1)
})
