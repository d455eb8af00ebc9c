// The worker as a whole: what cannot be done becomes a dead letter that can be put back, and metrics and log tell of it.
import { expect, onTestFinished, test } from 'vitest'
import { millisecondsUntil } from '../../support/calls.js'
import { type Carrier, describeOnEachBackend, openQueue } from '../../support/queue-backends.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { openRooms, type Rooms } from './open-rooms.js'

const patienceMilliseconds = 30_000

const open = async (
  carrier: Carrier,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly rooms: Rooms; readonly smtp: SmtpServer }> => {
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  const rooms = await openRooms({
    databaseUrl: carrier.databaseUrl,
    environment: {
      ...carrier.environment,
      SMTP_URL: smtp.url,
      IDEM_JOB_ATTEMPTS: '2',
      IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10',
      ...environment,
    },
  })
  return { rooms, smtp }
}

const until = async (isSo: () => Promise<boolean>): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, isSo))

const runsOf = async (rooms: Rooms, result: string): Promise<number> =>
  await rooms.metric('idem_jobs_total', { job: 'send-mail', result })

describeOnEachBackend((backend) => {
  test('a mail that no server takes becomes a dead letter with its failure, and goes out when it is put back: one, then all', async () => {
    const { rooms, smtp } = await open(await backend().open())
    const { outbox } = rooms.foundation
    await smtp.behave('defer-message')
    const ids: string[] = []
    for (const name of ['ada', 'grace', 'mary']) ids.push(await rooms.askForMail(`${name}@example.org`))
    await rooms.work()
    const failed = async () => (await outbox.listFailed(rooms.call(), { first: 10, after: null })).jobs
    await until(async () => (await failed()).length === 3)
    for (const job of await failed()) {
      expect(job).toMatchObject({ name: 'send-mail', payload: { mailId: job.id } })
      expect(job.failure).toContain('452')
    }
    expect(await runsOf(rooms, 'failed')).toBe(6)
    expect(await runsOf(rooms, 'given_up')).toBe(3)
    // A worker that starts counts what there is.
    await rooms.work()
    await until(async () => (await rooms.metric('idem_queued_jobs', { state: 'failed' })) === 3)
    const log = rooms.logLines.join('')
    expect(log).toContain('a job failed; it is tried again')
    expect(log).toContain('a job was given up; see: idem jobs failed')
    expect(log, 'what a mail server says is no bug').not.toContain('stack')
    const told = rooms.logLines.map((line) => JSON.parse(line)).filter(({ job }) => job === 'send-mail')
    expect(told).toHaveLength(9)
    for (const line of told) expect(line.reason).toContain('452')
    expect(log, 'no address in the log').not.toContain('@example.org')

    await smtp.behave('accept')
    const [first] = ids
    expect(await outbox.retry(rooms.call(), first ?? '')).toBe(1)
    await until(async () => smtp.count() === 1)
    expect(await failed()).toHaveLength(2)
    expect(await outbox.retry(rooms.call(), null)).toBe(2)
    await until(async () => (await rooms.doneJobs()) === 3)
    expect(smtp.count()).toBe(3)
    expect(await failed()).toEqual([])
    expect(await runsOf(rooms, 'done')).toBe(3)
    expect(await rooms.metric('idem_job_seconds_count', { job: 'send-mail' })).toBe(9)
  })

  test('a mail that is put back and fails again is a dead letter again', async () => {
    const { rooms, smtp } = await open(await backend().open())
    const { outbox } = rooms.foundation
    await smtp.behave('defer-message')
    const id = await rooms.askForMail('ada@example.org')
    await rooms.work()
    for (let round = 1; round <= 2; round++) {
      await until(async () => (await outbox.count(rooms.call())).failed === 1)
      expect(await runsOf(rooms, 'given_up')).toBe(round)
      expect(await outbox.retry(rooms.call(), id)).toBe(1)
    }
  })

  test('what waits for its turn is neither failed nor lost, and is counted as postponed', async () => {
    const { rooms, smtp } = await open(await backend().open(), { IDEM_MAILS_PER_DOMAIN: '4' })
    // The pace is kept by our clock, the wait by the queue's: for it, the next window begins in a second.
    rooms.clock.advance(-9)
    for (const name of ['ada', 'grace', 'mary']) await rooms.askForMail(`${name}@example.org`)
    await rooms.work()
    // On a busy machine the queue wakes the postponed mail more than once meanwhile.
    await until(async () => (await runsOf(rooms, 'postponed')) >= 1 && (await rooms.doneJobs()) === 2)
    rooms.clock.advance(10)
    await until(async () => (await rooms.doneJobs()) === 3)
    expect(smtp.count()).toBe(3)
    expect(await runsOf(rooms, 'failed')).toBe(0)
  })

  test('three workers side by side send each of 90 mails once', async () => {
    const carrier = await backend().open()
    const { rooms, smtp } = await open(carrier)
    const others = [1, 2].map(() =>
      openRooms({
        databaseUrl: carrier.databaseUrl,
        environment: { ...carrier.environment, SMTP_URL: smtp.url },
      }),
    )
    for (const one of [rooms, ...(await Promise.all(others))]) await one.work()
    for (let index = 0; index < 90; index++) await rooms.askForMail(`reader-${index}@example.org`)
    await until(async () => (await rooms.doneJobs()) === 90)
    expect(smtp.count()).toBe(90)
  })

  test('a worker that stops lets the mails under way go out, takes no more, and notes what it did', async () => {
    const carrier = await backend().open()
    const { rooms, smtp } = await open(carrier, { IDEM_WORKER_CONCURRENCY: '2' })
    for (let index = 0; index < 6; index++) await rooms.askForMail(`reader-${index}@example.org`)
    await rooms.tables.query('begin')
    await rooms.tables.query('lock table mail in share mode')
    const worker = await rooms.work()
    // What two mails ask of the database at once is one statement, or one after the other.
    await until(async () => (await rooms.waitingForLocks()) === 1)
    const queue = openQueue(carrier)
    await until(async () => (await queue.depth()).active === 2)
    const stopped = worker.stop()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(smtp.count()).toBe(0)
    await rooms.tables.query('commit')
    await stopped
    expect(smtp.count()).toBe(2)
    expect(await rooms.doneJobs()).toBe(2)
    const next = await openRooms({
      databaseUrl: carrier.databaseUrl,
      environment: { ...carrier.environment, SMTP_URL: smtp.url },
    })
    await next.work()
    await until(async () => (await rooms.doneJobs()) === 6)
    expect(smtp.count()).toBe(6)
  })

  test('what comes again is run by one of three workers at each of its times, and the log says so', async () => {
    const carrier = await backend().open()
    const environment = { ...carrier.environment, IDEM_PURGE_SCHEDULE: '* * * * * *' }
    const workers = await Promise.all(
      [1, 2, 3].map(() => openRooms({ databaseUrl: carrier.databaseUrl, environment })),
    )
    for (const rooms of workers) await rooms.work()
    const runs = (): string[] =>
      workers
        .flatMap(({ logLines }) => logLines)
        .filter((line) => line.includes('purged what has run out'))
        .map((line) => JSON.parse(line).requestId)
    await until(async () => runs().length >= 3)
    const seen = runs()
    expect(new Set(seen).size, seen.join()).toBe(seen.length)
    for (const id of seen) expect(id).toContain('purge-expired')
    const counts = await Promise.all(
      workers.map((rooms) => rooms.metric('idem_jobs_total', { job: 'purge-expired', result: 'done' })),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(seen.length)
  })
})
