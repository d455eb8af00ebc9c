// The queue: each job is done once, again after a failure, later when it is postponed, and given up at last.
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { openBullQueue } from '../../../src/queue/backend.js'
import type { QueuedJob } from '../../../src/queue/job.js'
import type { JobHandler } from '../../../src/queue/job-worker.js'
import { JobPostponed, type RunningJob } from '../../../src/queue/running-job.js'
import { type Random, systemRandom } from '../../../src/runtime/random.js'
import { atOnce, millisecondsUntil } from '../../support/calls.js'
import { describeOnEachBackend, openQueue } from '../../support/queue-backends.js'

const patienceMilliseconds = 20_000

const jobs = (count: number): QueuedJob[] =>
  Array.from({ length: count }, () => {
    const id = systemRandom.uuid()
    return { id, name: 'send-mail', payload: { mailId: id } }
  })

/** A handler that does `work`, and remembers. */
class Recorder implements JobHandler {
  /** The tries: of which job, and when, in milliseconds of the monotonic clock. */
  readonly tries: { readonly job: RunningJob; readonly at: number }[] = []
  readonly finished: string[] = []
  readonly givenUp: { readonly id: string; readonly message: string }[] = []

  constructor(
    private readonly work: (job: RunningJob, recorder: Recorder) => Promise<void> = async () => undefined,
  ) {}

  async process(job: RunningJob): Promise<void> {
    this.tries.push({ job, at: performance.now() })
    await this.work(job, this)
    this.finished.push(job.id)
  }

  lost(id: string): void {
    throw new Error(`nothing is lost here, and ${id} was`)
  }

  gaveUp({ id }: { readonly id: string }, error: Error): void {
    this.givenUp.push({ id, message: error.message })
  }

  triesOf(id: string): number {
    return this.tries.filter(({ job }) => job.id === id).length
  }

  /** Milliseconds between one try and the next. */
  get waits(): number[] {
    return this.tries.slice(1).map(({ at }, index) => at - (this.tries[index]?.at ?? 0))
  }
}

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, async () => await isSo()))

/** Timers fire up to a millisecond early, and BullMQ counts whole ones. */
const roundingMilliseconds = 5

/** Chance that always falls the same way: 0 makes the longest wait, 0xff nearly the shortest. */
const chance = (byte: number): Random => ({ ...systemRandom, bytes: (length) => Buffer.alloc(length, byte) })

const fails = async (): Promise<void> => {
  throw new Error('not today')
}

describeOnEachBackend((backend) => {
  test('a job is done once, however often it is added, before, while and after it is done', async () => {
    const queue = openQueue(await backend().open())
    const added = jobs(20)
    await atOnce(5, () => queue.add(added))
    const recorder = new Recorder(async () => await queue.add(added))
    queue.work(recorder)
    await until(() => recorder.finished.length >= 20)
    await queue.add(added)
    const last = jobs(1)
    await queue.add(last)
    await until(() => recorder.finished.includes(last[0]?.id ?? ''))
    expect(recorder.finished.toSorted()).toEqual([...added, ...last].map(({ id }) => id).toSorted())
    expect(recorder.tries[0]?.job).toMatchObject({ name: 'send-mail', payload: added[0]?.payload })
  })

  test('several workers share the jobs and do each once', async () => {
    const carrier = await backend().open()
    const added = jobs(200)
    await openQueue(carrier).add(added)
    const recorders = [1, 2, 3].map(() => new Recorder(async () => await sleep(5)))
    for (const recorder of recorders)
      openQueue(carrier, { environment: { IDEM_WORKER_CONCURRENCY: '4' } }).work(recorder)
    const done = () => recorders.flatMap(({ finished }) => finished)
    await until(() => done().length >= 200)
    expect(done().toSorted()).toEqual(added.map(({ id }) => id).toSorted())
    for (const { finished } of recorders) expect(finished.length).toBeGreaterThan(0)
  })

  test('the wait doubles with each try up to a limit, and nothing is given up before the last', async () => {
    const queue = openQueue(await backend().open(), {
      environment: {
        IDEM_JOB_ATTEMPTS: '6',
        IDEM_JOB_FIRST_RETRY_MILLISECONDS: '300',
        IDEM_JOB_LONGEST_RETRY_SECONDS: '1',
      },
      random: chance(0),
    })
    const recorder = new Recorder(fails)
    queue.work(recorder)
    const [job] = jobs(1)
    if (job !== undefined) await queue.add([job])
    await until(() => recorder.givenUp.length > 0)
    expect(recorder.givenUp).toEqual([{ id: job?.id, message: 'not today' }])
    const least = [300, 600, 1_000, 1_000, 1_000]
    expect(recorder.waits).toHaveLength(least.length)
    for (const [index, wait] of recorder.waits.entries())
      expect(wait, `wait ${index + 1}`).toBeGreaterThan((least[index] ?? 0) - roundingMilliseconds)
    // Doubled without the limit, it would have been 9.3 s.
    expect(recorder.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(9_000)
    expect(await queue.stateOf(job?.id ?? '')).toBe('unknown')
  })

  test('chance takes off up to half of a wait, so that what failed together does not return together', async () => {
    const queue = openQueue(await backend().open(), {
      environment: { IDEM_WORKER_CONCURRENCY: '30', IDEM_JOB_FIRST_RETRY_MILLISECONDS: '1000' },
    })
    const recorder = new Recorder(async (job, { triesOf }) => {
      if (triesOf.call(recorder, job.id) === 1) throw new Error('not today')
    })
    queue.work(recorder)
    await queue.add(jobs(30))
    await until(() => recorder.finished.length === 30)
    const [first, second] = [recorder.tries.slice(0, 30), recorder.tries.slice(30)]
    for (const { job, at } of second) {
      const before = first.find((one) => one.job.id === job.id)?.at ?? 0
      expect(at - before).toBeGreaterThan(500 - roundingMilliseconds)
    }
    // Of 30 chances over half a second, all within a tenth of one: less likely than any fault of the machine.
    expect((second.at(-1)?.at ?? 0) - (second[0]?.at ?? 0)).toBeGreaterThan(50)
  })

  test('what was given up can be added again under its id, and is done', async () => {
    const queue = openQueue(await backend().open(), {
      environment: { IDEM_JOB_ATTEMPTS: '2', IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10' },
    })
    let isBroken = true
    const recorder = new Recorder(async () => {
      if (isBroken) throw new Error('not today')
    })
    queue.work(recorder)
    const added = jobs(3)
    await queue.add(added)
    await until(() => recorder.givenUp.length === 3)
    isBroken = false
    await queue.add(added)
    await until(() => recorder.finished.length === 3)
    expect(recorder.tries).toHaveLength(9)
  })

  test('a postponed job waits without having failed, and other jobs do not wait for it', async () => {
    const queue = openQueue(await backend().open(), {
      environment: {
        IDEM_JOB_ATTEMPTS: '2',
        IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10',
        IDEM_WORKER_CONCURRENCY: '1',
      },
    })
    const [postponed, other] = jobs(2)
    const recorder = new Recorder(async ({ id }) => {
      if (id !== postponed?.id) return
      const tries = recorder.triesOf(id)
      if (tries <= 5) throw new JobPostponed(new Date(Date.now() + 100))
      // One failure is one too many when the others counted.
      if (tries === 6) throw new Error('not today')
    })
    queue.work(recorder)
    if (postponed !== undefined && other !== undefined) await queue.add([postponed, other])
    await until(() => recorder.finished.length === 2)
    expect(recorder.finished).toEqual([other?.id, postponed?.id])
    expect(recorder.givenUp).toEqual([])
    expect(recorder.triesOf(postponed?.id ?? '')).toBe(7)
    for (const wait of recorder.waits.slice(2, 6)) expect(wait).toBeGreaterThan(100 - roundingMilliseconds)
  })

  test('where a job stands, how many there are, and how far a long one has come can be seen', async () => {
    const carrier = await backend().open()
    const queue = openQueue(carrier, { environment: { IDEM_WORKER_CONCURRENCY: '1' } })
    const watcher = openBullQueue(
      { redisUrl: carrier.environment['REDIS_URL'] ?? null, databaseUrl: carrier.databaseUrl },
      {},
    )
    onTestFinished(async () => await watcher.close())
    const [first, second] = jobs(2)
    if (first === undefined || second === undefined) throw new Error('two jobs')
    expect(await queue.answers()).toBe(true)
    expect(await queue.stateOf(first.id)).toBe('unknown')
    await queue.add([first, second])
    expect(await queue.stateOf(first.id)).toBe('open')
    expect(await queue.depth()).toEqual({ waiting: 2, active: 0, delayed: 0 })
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    onTestFinished(() => release())
    const recorder = new Recorder(async (job) => {
      await job.progress({ done: 41, of: 'mails' })
      await released
    })
    queue.work(recorder)
    await until(async () => {
      const progress = (await watcher.getJob(first.id))?.progress
      return isDeepStrictEqual(progress, { done: 41, of: 'mails' })
    })
    expect(await queue.depth()).toEqual({ waiting: 1, active: 1, delayed: 0 })
    expect(await queue.stateOf(first.id)).toBe('open')
    release()
    await until(
      async () => (await queue.stateOf(first.id)) === 'done' && (await queue.stateOf(second.id)) === 'done',
    )
    expect(await queue.depth()).toEqual({ waiting: 0, active: 0, delayed: 0 })
  })

  test('a queue that closes finishes what is under way, takes no more, and another goes on', async () => {
    const carrier = await backend().open()
    const closing = openQueue(carrier, { environment: { IDEM_WORKER_CONCURRENCY: '3' } })
    const added = jobs(10)
    await closing.add(added)
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const before = new Recorder(async () => await released)
    closing.work(before)
    await until(() => before.tries.length === 3)
    const closed = closing.close()
    expect(before.finished).toEqual([])
    // In the same moment: from the call on it takes no more.
    release()
    await closed
    expect(before.finished).toHaveLength(3)
    expect(before.tries).toHaveLength(3)
    const after = new Recorder()
    openQueue(carrier).work(after)
    await until(() => after.finished.length === 7)
    expect([...before.finished, ...after.finished].toSorted()).toEqual(added.map(({ id }) => id).toSorted())
  })
})
