// Schedules: what comes again is done once by all workers together, also after they were started anew.
import { expect, test } from 'vitest'
import type { JobQueue } from '../../../src/queue/job-queue.js'
import { millisecondsUntil } from '../../support/calls.js'
import { type Carrier, describeOnEachBackend, openQueue } from '../../support/queue-backends.js'

const eachSecond = '* * * * * *'
const onceAYear = '0 0 1 1 *'
/** A run a second: several of them, and a machine that has other things to do. */
const patienceMilliseconds = 30_000

/** A run that begins at this very moment can get in the way; the worker tries again, too. */
const schedule = async (queue: JobQueue, pattern: string): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, async () =>
    queue.schedule({ name: 'purge-expired', payload: {} }, pattern).then(
      () => true,
      () => false,
    ),
  ))

/** Starts a worker that schedules `pattern`, as each does at its start; the ids of what it runs go to `ran`. */
const startWorker = async (carrier: Carrier, pattern: string, ran: string[]): Promise<JobQueue> => {
  const queue = openQueue(carrier)
  queue.work({
    process: async ({ id }) => void ran.push(id),
    lost: () => undefined,
    gaveUp: () => undefined,
  })
  await schedule(queue, pattern)
  return queue
}

/** The second of each run: a scheduler's job has an id that ends in its time. */
const secondsOf = (ran: readonly string[]): number[] =>
  ran.map((id) => Number(id.split(':').at(-1)) / 1_000).toSorted((one, other) => one - other)

describeOnEachBackend((backend) => {
  test('three workers run a job once a second together, and started anew they go on', async () => {
    const carrier = await backend().open()
    const ran: string[] = []
    const first = await Promise.all([1, 2, 3].map(() => startWorker(carrier, eachSecond, ran)))
    await millisecondsUntil(patienceMilliseconds, async () => ran.length >= 3)
    for (const queue of first) await queue.close()
    const before = ran.length
    await Promise.all([1, 2, 3].map(() => startWorker(carrier, eachSecond, ran)))
    await millisecondsUntil(patienceMilliseconds, async () => ran.length >= before + 3)
    const seconds = secondsOf(ran)
    for (const second of seconds) expect(Number.isInteger(second), String(ran)).toBe(true)
    expect(new Set(seconds).size, 'no second twice').toBe(seconds.length)
  })

  test('a schedule outlives its workers though none sets it again', async () => {
    const carrier = await backend().open()
    const ran: string[] = []
    await (await startWorker(carrier, eachSecond, ran)).close()
    const again: string[] = []
    openQueue(carrier).work({
      process: async ({ id }) => void again.push(id),
      lost: () => undefined,
      gaveUp: () => undefined,
    })
    await millisecondsUntil(patienceMilliseconds, async () => again.length >= 2)
  })

  test('a changed pattern replaces the one before', async () => {
    const carrier = await backend().open()
    const ran: string[] = []
    const queue = await startWorker(carrier, eachSecond, ran)
    await millisecondsUntil(patienceMilliseconds, async () => ran.length >= 2)
    await schedule(queue, onceAYear)
    // One may be under way.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const count = ran.length
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(ran).toHaveLength(count)
    expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 1 })
    await schedule(queue, eachSecond)
    await millisecondsUntil(patienceMilliseconds, async () => ran.length >= count + 2)
  })

  test('a job of a schedule that fails is tried again, and comes again at its time', async () => {
    const carrier = await backend().open()
    const queue = openQueue(carrier, { environment: { IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10' } })
    const tries: string[] = []
    const done: string[] = []
    queue.work({
      process: async ({ id }) => {
        tries.push(id)
        if (tries.filter((one) => one === id).length === 1) throw new Error('not today')
        done.push(id)
      },
      lost: () => undefined,
      gaveUp: () => undefined,
    })
    await schedule(queue, eachSecond)
    await millisecondsUntil(patienceMilliseconds, async () => done.length >= 2)
    expect(new Set(done).size).toBe(done.length)
  })
})
