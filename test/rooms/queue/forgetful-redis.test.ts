// A Redis that forgets: what is left of a job is never run and never counted as failed, and the job is put in again.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { restoreJobs } from '../../../jobs/restore-jobs.js'
import { openBullQueue } from '../../../src/queue/backend.js'
import type { QueuedJob } from '../../../src/queue/job.js'
import type { JobHandler } from '../../../src/queue/job-worker.js'
import { LostJobs } from '../../../src/queue/lost-jobs.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { millisecondsUntil } from '../../support/calls.js'
import { type Carrier, describeOnRedis, openQueue } from '../../support/queue-backends.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { silentLogger } from '../../support/start-service.js'
import { openRooms } from '../jobs/open-rooms.js'

const patienceMilliseconds = 60_000
/** A job that takes longer without a word is asked about, in seconds; a second more. */
const restoreSeconds = 31

const jobs = (count: number): QueuedJob[] =>
  Array.from({ length: count }, () => {
    const id = systemRandom.uuid()
    return { id, name: 'send-mail', payload: { mailId: id } }
  })

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, async () => await isSo()))

/** Does jobs, and remembers. */
const record = (work: () => Promise<void> = async () => undefined) => {
  const [done, lost, givenUp]: [string[], string[], string[]] = [[], [], []]
  const handler: JobHandler = {
    process: async ({ id }) => {
      await work()
      done.push(id)
    },
    lost: (id) => void lost.push(id),
    gaveUp: ({ id }) => void givenUp.push(id),
  }
  return { done, lost, givenUp, handler }
}

describeOnRedis((backend) => {
  const redis = async <T>(
    carrier: Carrier,
    question: Parameters<ReturnType<typeof backend>['server']['ask']>[0],
  ): Promise<T> => (await backend().server.ask(question, carrier.environment['REDIS_URL'])) as T

  const keyOf = ({ id }: QueuedJob): string => `bull:idem:${id}`

  test.each<[string, (key: string) => [string, ...string[]]]>([
    ['is evicted', (key) => ['del', key]],
    ['has no name', (key) => ['hdel', key, 'name']],
    ['has the name of none', (key) => ['hset', key, 'name', 'constructor']],
    ['has no payload', (key) => ['hdel', key, 'data']],
    ['has the payload of another', (key) => ['hset', key, 'data', '{"auditEntryId":"x"}']],
    ['has only its name', (key) => ['hdel', key, 'data', 'opts', 'timestamp']],
  ])(
    'a job whose hash %s is handed back, not run and not given up, and can be put in again',
    async (_, spoil) => {
      const carrier = await backend().open()
      const queue = openQueue(carrier)
      const added = jobs(20)
      await queue.add(added)
      for (const job of added) {
        const [command, ...words] = spoil(keyOf(job))
        await redis(carrier, (client) => client.call(command, ...words))
      }
      const recorder = record()
      queue.work(recorder.handler)
      await until(() => recorder.lost.length >= 20)
      expect(recorder.lost.toSorted()).toEqual(added.map(({ id }) => id).toSorted())
      expect(recorder.done).toEqual([])
      expect(recorder.givenUp).toEqual([])
      await queue.add(added)
      await until(() => recorder.done.length >= 20)
      expect(recorder.done.toSorted()).toEqual(added.map(({ id }) => id).toSorted())
    },
  )

  test('a job is not taken for lost because an earlier try of it was, whose end never came', async () => {
    const { databaseUrl, environment } = await backend().open()
    const queue = openBullQueue({ redisUrl: environment['REDIS_URL'] ?? null, databaseUrl }, {})
    onTestFinished(async () => await queue.close())
    const handedBack: string[] = []
    const lost = new LostJobs(silentLogger, (id) => void handedBack.push(id))
    const id = systemRandom.uuid()
    const [early, late] = [1, 2].map(async () => await queue.add('send-mail', { mailId: id }, { jobId: id }))
    if (early === undefined || late === undefined) throw new Error('no job')
    lost.dismiss(await early)
    lost.completed(await late)
    expect(handedBack).toEqual([])
    lost.completed(await early)
    expect(handedBack).toEqual([id])
  })

  test('a job that fails once is handed back if Redis has forgotten how often it may', async () => {
    const carrier = await backend().open()
    const queue = openQueue(carrier, { environment: { IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10' } })
    const [job] = jobs(1)
    if (job === undefined) throw new Error('no job')
    await queue.add([job])
    await redis(carrier, (client) => client.hdel(keyOf(job), 'opts'))
    let tries = 0
    const recorder = record(async () => {
      tries += 1
      if (tries === 1) throw new Error('not today')
    })
    queue.work(recorder.handler)
    await until(() => recorder.lost.length === 1)
    expect(recorder.givenUp).toEqual([])
    await queue.restore([job])
    await until(() => recorder.done.length === 1)
  })

  test.each<[string, (job: QueuedJob) => string[]]>([
    ['the list of waiting jobs', () => ['del', 'bull:idem:wait']],
    ['the list and the marker', () => ['del', 'bull:idem:wait', 'bull:idem:marker', 'bull:idem:meta']],
    ['the job itself', (job) => ['del', keyOf(job)]],
    ['half of the payload', (job) => ['hset', keyOf(job), 'data', '{"mailId":']],
  ])('a job is restored when Redis has forgotten %s', async (_, spoil) => {
    const carrier = await backend().open()
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl })
    const queue = openQueue(carrier)
    const { outbox } = rooms.foundation
    const added = jobs(5)
    await rooms
      .call()
      .inTransaction(
        async (inner) => await inner.write(...added.map(({ id, ...job }) => outbox.row(inner, id, job))),
      )
    await outbox.relay(rooms.call(), async (relayed) => await queue.add(relayed))
    for (const job of added) {
      const [command = '', ...words] = spoil(job)
      await redis(carrier, (client) => client.call(command, ...words))
    }
    rooms.clock.advance(restoreSeconds)
    expect(await restoreJobs(rooms.call(), { outbox, queue })).toBe(5)
    const recorder = record()
    queue.work(recorder.handler)
    await until(() => recorder.done.length >= 5)
    expect(recorder.done.toSorted()).toEqual(added.map(({ id }) => id).toSorted())
    expect(recorder.lost).toEqual([])
  })

  test('the queue takes no more jobs than fit, and the rest when it has done some', async () => {
    const carrier = await backend().open()
    const queue = openQueue(carrier)
    const most = await queue.room()
    expect(most).toBeLessThanOrEqual(200)
    await queue.add(jobs(150))
    expect(await queue.room()).toBe(most - 150)
    await queue.add(jobs(150))
    expect(await queue.room()).toBe(0)
    const recorder = record()
    queue.work(recorder.handler)
    await until(() => recorder.done.length >= 300)
    expect(await queue.room()).toBe(most)
  })

  test('mails go out though Redis evicts whatever it likes meanwhile, and none is given up', async () => {
    const carrier = await backend().open()
    const smtp = await SmtpServer.start()
    onTestFinished(async () => await smtp.stop())
    const rooms = await openRooms({
      databaseUrl: carrier.databaseUrl,
      environment: { ...carrier.environment, SMTP_URL: smtp.url, IDEM_WORKER_CONCURRENCY: '4' },
    })
    await rooms.work()
    for (let round = 0; round < 12; round++) {
      for (let index = 0; index < 10; index++) await rooms.askForMail(`reader-${round}-${index}@example.org`)
      // As an eviction does: any key goes, whole.
      await redis(carrier, async (client) => {
        const keys = (await client.keys('bull:idem:*')).filter(() => Math.random() < 0.5)
        if (keys.length > 0) await client.del(...keys)
      })
    }
    await until(async () => {
      rooms.clock.advance(restoreSeconds)
      // A worker that starts asks at once.
      const another = await rooms.work()
      await sleep(500)
      await another.stop()
      return (await rooms.doneJobs()) === 120
    })
    expect((await rooms.foundation.outbox.count(rooms.call())).failed).toBe(0)
    expect(smtp.countByMessageId().size).toBe(120)
  })
})
