// From the outbox to a job that is done: at once when somebody tells, soon when nobody does, and once whoever relays.
import { expect, onTestFinished, test } from 'vitest'
import { OutboxRelay } from '../../../jobs/outbox-relay.js'
import { restoreJobs } from '../../../jobs/restore-jobs.js'
import type { JobQueue } from '../../../src/queue/job-queue.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { atOnce, millisecondsUntil } from '../../support/calls.js'
import { type Carrier, describeOnEachBackend, openQueue } from '../../support/queue-backends.js'
import { silentLogger } from '../../support/start-service.js'
import { openRooms, type Rooms } from './open-rooms.js'

const patienceMilliseconds = 20_000
/** A job that takes longer without a word is asked about, in seconds; a second more. */
const restoreSeconds = 31

const append = async (rooms: Rooms, count = 1): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => systemRandom.uuid())
  const { outbox } = rooms.foundation
  const rowsOf = ids.map((id) => outbox.row(rooms.call(), id, { name: 'send-mail', payload: { mailId: id } }))
  await rooms.call().inTransaction(async (inner) => await inner.write(...rowsOf))
  return ids
}

/** The rooms of one process with its relay. */
const startRelay = async (
  carrier: Carrier,
  options: { readonly listens: boolean },
): Promise<{ readonly rooms: Rooms; readonly queue: JobQueue; readonly relay: OutboxRelay }> => {
  const rooms = await openRooms({ databaseUrl: carrier.databaseUrl })
  const { outbox, notifications, ownCall } = rooms.foundation
  const queue = openQueue(carrier)
  const relay = new OutboxRelay({ outbox, queue, notifications, logger: silentLogger, ownCall })
  if (options.listens) await notifications.start()
  relay.start()
  onTestFinished(async () => await relay.stop())
  return { rooms, queue, relay }
}

/** Does the jobs, and says which. */
const record = (queue: JobQueue): string[] => {
  const done: string[] = []
  queue.work({
    process: async ({ id }) => void done.push(id),
    lost: () => undefined,
    gaveUp: () => undefined,
  })
  return done
}

const untilDone = async (done: readonly string[], count: number): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, async () => done.length >= count))

describeOnEachBackend((backend) => {
  test('the relay is woken when a job is appended', async () => {
    const { rooms, queue } = await startRelay(await backend().open(), { listens: true })
    const done = record(queue)
    const startedAt = performance.now()
    for (let count = 1; count <= 10; count++) {
      await append(rooms)
      await untilDone(done, count)
    }
    // Swept every two seconds, ten in a row would take eighteen.
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    expect(new Set(done).size).toBe(10)
  })

  test('a relay that hears nothing sweeps', async () => {
    const { rooms, queue } = await startRelay(await backend().open(), { listens: false })
    const done = record(queue)
    const ids = [...(await append(rooms)), ...(await append(rooms))]
    await untilDone(done, 2)
    expect(done.toSorted()).toEqual(ids.toSorted())
  })

  test('three relays and three workers side by side do each of 600 jobs once', async () => {
    const carrier = await backend().open()
    const processes = await Promise.all([1, 2, 3].map(() => startRelay(carrier, { listens: true })))
    const done = processes.map(({ queue }) => record(queue))
    const asking = [...processes, ...processes].map(({ rooms }) => append(rooms, 100))
    const ids = (await Promise.all(asking)).flat()
    await millisecondsUntil(patienceMilliseconds, async () => done.flat().length >= 600)
    expect(done.flat().toSorted()).toEqual(ids.toSorted())
  })

  test('a job whose relay died before it could note it is relayed again, and done once', async () => {
    const carrier = await backend().open()
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl })
    const queue = openQueue(carrier)
    const ids = await append(rooms, 3)
    const dying = rooms.foundation.outbox.relay(rooms.call(), async (jobs) => {
      await queue.add(jobs)
      throw new Error('killed')
    })
    await expect(dying).rejects.toThrow('killed')
    const done = record(queue)
    await untilDone(done, 3)
    const again = await startRelay(carrier, { listens: false })
    await millisecondsUntil(
      patienceMilliseconds,
      async () => (await again.rooms.foundation.outbox.count(rooms.call())).waiting === 0,
    )
    const [last] = await append(rooms)
    await untilDone(done, 4)
    expect(done.toSorted()).toEqual([...ids, last].toSorted())
  })

  test('a relay that is stopped relays no more, and what it left is relayed by the next', async () => {
    const carrier = await backend().open()
    const { rooms, queue, relay } = await startRelay(carrier, { listens: true })
    const done = record(queue)
    await relay.stop()
    const [id] = await append(rooms)
    relay.wake()
    expect(await rooms.foundation.outbox.count(rooms.call())).toMatchObject({ waiting: 1 })
    await startRelay(carrier, { listens: false })
    await untilDone(done, 1)
    expect(done).toEqual([id])
  })

  test('jobs that the queue has lost are restored after their time, once, and those that it has are left alone', async () => {
    const carrier = await backend().open()
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl })
    const queue = openQueue(carrier)
    const { outbox } = rooms.foundation
    const restore = async (): Promise<number> => await restoreJobs(rooms.call(), { outbox, queue })
    const ids = await append(rooms, 20)
    await outbox.relay(rooms.call(), async (jobs) => await queue.add(jobs))
    await carrier.lose()
    expect(await restore(), 'too early to ask').toBe(0)
    rooms.clock.advance(restoreSeconds)
    expect(await restore()).toBe(20)
    expect(await restore(), 'asked just now').toBe(0)
    rooms.clock.advance(restoreSeconds)
    expect(await restore(), 'still to be done').toBe(0)
    expect(await queue.depth()).toMatchObject({ waiting: 20 })

    const done = record(queue)
    await untilDone(done, 20)
    expect(done.toSorted()).toEqual(ids.toSorted())
    // Whoever did them died before it could say so.
    await millisecondsUntil(patienceMilliseconds, async () => (await queue.stateOf(ids[0] ?? '')) === 'done')
    rooms.clock.advance(restoreSeconds)
    await millisecondsUntil(patienceMilliseconds, async () => {
      expect(await restore()).toBe(0)
      rooms.clock.advance(restoreSeconds)
      return (await rooms.doneJobs()) === 20
    })
    expect(done).toHaveLength(20)
  })

  test('what was given up is not restored, and two that restore at once do a lost job once', async () => {
    const carrier = await backend().open()
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl })
    const queue = openQueue(carrier)
    const { outbox } = rooms.foundation
    const [dead, lost] = await append(rooms, 2)
    await outbox.relay(rooms.call(), async () => undefined)
    await outbox.noteFailed(rooms.call(), dead ?? '', 'no luck')
    rooms.clock.advance(restoreSeconds)
    await atOnce(5, () => restoreJobs(rooms.call(), { outbox, queue }))
    const done = record(queue)
    await untilDone(done, 1)
    const [last] = await append(rooms)
    await outbox.relay(rooms.call(), async (jobs) => await queue.add(jobs))
    await untilDone(done, 2)
    expect(done).toEqual([lost, last])
  })
})
