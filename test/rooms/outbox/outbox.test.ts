// The outbox: what a committed change asked for is handed on, by whichever process comes first, until it is done.
import { beforeEach, expect, test } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { Outbox } from '../../../src/outbox/outbox.js'
import type { QueuedJob } from '../../../src/queue/job.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { atOnce, millisecondsUntil } from '../../support/calls.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { idem, tables } = await serviceOfFile()
const outbox = new Outbox()
const call = () => idem.foundation.ownCall()

beforeEach(async () => void (await tables.query('delete from outbox_entry')))

/** Relays what waits, as a worker would; a service alone has none. */
const relayed = async (): Promise<QueuedJob[]> => {
  const all: QueuedJob[] = []
  for (;;) {
    const count = await outbox.relay(call(), async (jobs) => void all.push(...jobs))
    if (count === 0) return all
  }
}

/** Appends jobs, and returns their ids in order: those of one millisecond are made in none. */
const append = async (count = 1): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => systemRandom.uuid()).toSorted()
  await call().inTransaction(async (inner) => {
    for (const id of ids)
      await inner.write(outbox.row(inner, id, { name: 'send-mail', payload: { mailId: id } }))
  })
  return ids
}

const failed = async (first = 100, after: string | null = null) =>
  await outbox.listFailed(call(), { first, after })

const fail = async (ids: readonly string[]): Promise<void> => {
  for (const id of ids) await outbox.noteFailed(call(), id, `no luck with ${id}`)
}

test('a job of a change that is rolled back is none; one of a change that commits is handed on as it was asked for', async () => {
  const lost = systemRandom.uuid()
  const change = call().inTransaction(async (inner) => {
    await inner.write(outbox.row(inner, lost, { name: 'send-mail', payload: { mailId: lost } }))
    throw new Failure('CONFLICT')
  })
  await expect(change).rejects.toMatchObject({ code: 'CONFLICT' })
  const [kept] = await append()
  expect(await relayed()).toEqual([{ id: kept, name: 'send-mail', payload: { mailId: kept } }])
  expect(await relayed()).toEqual([])
})

test('a job that only a newer Idem knows waits for one, and other jobs do not wait behind it', async () => {
  const unknown = '00000000-0000-7000-8000-000000000001'
  await tables.query(
    `insert into outbox_entry (id, job, payload, created_at) values ($1, 'of-a-newer-idem', '{}', now())`,
    [unknown],
  )
  const [known] = await append()
  expect((await relayed()).map(({ id }) => id)).toEqual([known])
  await tables.query(`update outbox_entry set relayed_at = '2020-01-01' where id = $1`, [unknown])
  expect(await outbox.listUnfinished(call(), new Date('2021-01-01'))).toEqual([])
})

test('a job beside a row that is refused is not appended', async () => {
  const causeId = systemRandom.uuid()
  const write = async (id: string): Promise<void> =>
    await call().write(
      outbox.row(call(), id, { name: 'send-mail', payload: { mailId: id } }),
      idem.foundation.mails.row(call(), { id, kind: 'notice', causeId, address: 'ada@example.org' }),
    )
  const [first, second] = [systemRandom.uuid(), systemRandom.uuid()]
  await write(first)
  await expect(write(second)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect((await relayed()).map(({ id }) => id)).toEqual([first])
})

test('ten relays side by side hand on each of 3,000 jobs once, each relay its oldest first', async () => {
  const ids = await append(3_000)
  const batches: string[][] = []
  const counts = await atOnce(10, async () => {
    let relayedCount = 0
    for (;;) {
      const count = await outbox.relay(call(), async (jobs) => void batches.push(jobs.map(({ id }) => id)))
      relayedCount += count
      if (count === 0) return relayedCount
    }
  })
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3_000)
  expect(batches.flat().toSorted()).toEqual(ids.toSorted())
  for (const batch of batches) expect(batch).toEqual(batch.toSorted())
})

test('what a queue did not take stays, and so does what it took when nobody could note that', async () => {
  const ids = await append(3)
  const refusing = outbox.relay(call(), async () => {
    throw new Error('the queue is away')
  })
  await expect(refusing).rejects.toThrow('the queue is away')
  expect(await outbox.count(call())).toMatchObject({ waiting: 3 })
  // The process dies between the two: its connection ends, and with it the transaction.
  const dying = outbox.relay(call(), async () => {
    await tables.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`,
    )
  })
  await expect(dying).rejects.toThrow()
  expect((await relayed()).map(({ id }) => id)).toEqual(ids)
})

test('what waits, is under way, is done and has failed is counted', async () => {
  const before = await outbox.count(call())
  const [waiting, underWay, done, dead] = await append(4)
  if (done === undefined || dead === undefined || waiting === undefined || underWay === undefined)
    throw new Error('four jobs')
  expect((await outbox.count(call())).waiting - before.waiting).toBe(4)
  await outbox.relay(call(), async () => undefined)
  await outbox.noteDone(call(), [done])
  await fail([dead])
  await append()
  const after = await outbox.count(call())
  expect({
    waiting: after.waiting - before.waiting,
    underWay: after.underWay - before.underWay,
    failed: after.failed - before.failed,
  }).toEqual({ waiting: 1, underWay: 2, failed: 1 })
  await relayed()
  await outbox.noteDone(call(), [waiting, underWay, dead])
})

test('dead letters are listed with their failure, page by page, and put back one by one or all together', async () => {
  const ids = await append(5)
  await relayed()
  await fail(ids)
  const first = await failed(2)
  expect(first).toMatchObject({
    jobs: [
      { id: ids[0], name: 'send-mail', payload: { mailId: ids[0] }, failure: `no luck with ${ids[0]}` },
      { id: ids[1] },
    ],
    hasNextPage: true,
  })
  expect(first.jobs[0]?.failedAt).toEqual(idem.clock.now())
  const last = await failed(3, first.jobs[1]?.id ?? null)
  expect(last.jobs.map(({ id }) => id)).toEqual(ids.slice(2))
  expect(last.hasNextPage).toBe(false)

  expect(await outbox.retry(call(), ids[1] ?? '')).toBe(1)
  expect((await relayed()).map(({ id }) => id)).toEqual([ids[1]])
  expect((await failed()).jobs).toHaveLength(4)
  expect(await outbox.retry(call(), null)).toBe(4)
  expect((await failed()).jobs).toEqual([])
  expect((await relayed()).map(({ id }) => id)).toEqual(ids.toSpliced(1, 1))
  await outbox.noteDone(call(), ids)
})

test('a dead letter that is put back by many at once is put back once; what has not failed never', async () => {
  const [dead, waiting, done] = await append(3)
  if (dead === undefined || waiting === undefined || done === undefined) throw new Error('three jobs')
  await relayed()
  await fail([dead])
  await outbox.noteDone(call(), [done])
  const counts = await atOnce(10, () => outbox.retry(call(), dead))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
  for (const id of [waiting, done, systemRandom.uuid()]) expect(await outbox.retry(call(), id)).toBe(0)
  expect((await relayed()).map(({ id }) => id)).toEqual([dead])
  await outbox.noteDone(call(), [dead, waiting])
})

test('a job that was done stays done, whatever is said of it later; one that was given up and was done is no dead letter', async () => {
  const [late, early] = await append(2)
  if (late === undefined || early === undefined) throw new Error('two jobs')
  await relayed()
  await outbox.noteDone(call(), [late])
  await fail([late])
  await fail([early])
  await outbox.noteDone(call(), [early, late])
  expect((await failed()).jobs).toEqual([])
  await outbox.noteRelayed(call(), [late, early])
  const rows = await tables.query(
    'select done_at is not null as done, failed_at, failure from outbox_entry where id = any($1)',
    [[late, early]],
  )
  expect(rows).toEqual([
    { done: true, failed_at: null, failure: null },
    { done: true, failed_at: null, failure: null },
  ])
})

test('jobs without a word are listed after their time, the longest first, and asked about once a round', async () => {
  const [first, second] = await append(2)
  if (first === undefined || second === undefined) throw new Error('two jobs')
  await outbox.relay(call(), async () => undefined)
  const before = idem.clock.now()
  idem.clock.advance(60)
  await outbox.noteRelayed(call(), [first])
  expect((await outbox.listUnfinished(call(), before)).map(({ id }) => id)).toEqual([])
  const asked = (await outbox.listUnfinished(call(), new Date(before.getTime() + 1))).map(({ id }) => id)
  expect(asked).toEqual([second])
  await outbox.noteDone(call(), [first, second])
  idem.clock.advance(60)
  expect(await outbox.listUnfinished(call(), call().now)).toEqual([])
})

test('whoever listens hears of what is appended and of what is put back', async () => {
  let heard = 0
  idem.foundation.notifications.on('outbox_entry', () => {
    heard += 1
  })
  const [id] = await append()
  await millisecondsUntil(5_000, async () => heard > 0)
  await relayed()
  await fail([id ?? ''])
  heard = 0
  await outbox.retry(call(), id ?? '')
  await millisecondsUntil(5_000, async () => heard > 0)
  await relayed()
  await outbox.noteDone(call(), [id ?? ''])
})
