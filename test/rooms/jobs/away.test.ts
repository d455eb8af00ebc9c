// What carries the queue is away at the start or in the middle, and comes back: every mail goes out, and none twice.
import { expect, onTestFinished, test } from 'vitest'
import { isDatabaseAway } from '../../../src/database/storage-errors.js'
import { millisecondsUntil } from '../../support/calls.js'
import { describeOnEachBackend, describeOnRedis } from '../../support/queue-backends.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { freePort } from '../../support/start-service.js'
import type { Tables } from '../../support/tables.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { openRooms, type Rooms } from './open-rooms.js'

const patienceMilliseconds = 45_000

const startSmtp = async (): Promise<SmtpServer> => {
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  return smtp
}

const environmentOf = (smtp: SmtpServer): Readonly<Record<string, string>> => ({
  SMTP_URL: smtp.url,
  IDEM_THROTTLE_MAILS_PER_SOURCE: '1000000',
})

let serial = 0
const askForMails = async (rooms: Rooms, count: number): Promise<void> => {
  for (let index = 0; index < count; index++) await rooms.askForMail(`reader-${serial++}@example.org`)
}

/** Waits until so many mails are in a state. */
const untilAll = async (tables: Tables, state: 'deferred' | 'sent', count: number): Promise<void> => {
  await millisecondsUntil(patienceMilliseconds, async () => {
    const [row] = await tables.query('select count(*)::int as count from mail where state = $1', [state])
    return row.count === count
  })
}

/** Waits until every mail is sent, and looks whether any was twice. */
const untilAllSent = async (tables: Tables, smtp: SmtpServer, count: number): Promise<void> => {
  await untilAll(tables, 'sent', count)
  expect(smtp.count()).toBe(count)
  expect(new Set(smtp.countByMessageId().values())).toEqual(new Set([1]))
}

describeOnRedis((backend) => {
  test('with Redis away at the start the worker starts, mails can be asked for, and go out once it is there', async () => {
    const { server } = backend()
    const smtp = await startSmtp()
    const carrier = await backend().open()
    await server.end('SIGTERM')
    onTestFinished(async () => await server.restart('SIGKILL'))
    const rooms = await openRooms({
      databaseUrl: carrier.databaseUrl,
      environment: { ...carrier.environment, ...environmentOf(smtp) },
    })
    const worker = await rooms.work()
    await askForMails(rooms, 5)
    // Two sweeps of the relay find nobody to hand them to.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(await rooms.foundation.outbox.count(rooms.call())).toMatchObject({ waiting: 5, underWay: 0 })
    await server.run()
    await untilAllSent(rooms.tables, smtp, 5)
    await millisecondsUntil(patienceMilliseconds, async () => await worker.queueAnswers())
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'Redis ended by %s in the middle and started again, twice: no mail is lost, none is sent twice',
    async (signal) => {
      const { server } = backend()
      const smtp = await startSmtp()
      const carrier = await backend().open()
      const rooms = await openRooms({
        databaseUrl: carrier.databaseUrl,
        environment: { ...carrier.environment, ...environmentOf(smtp) },
      })
      await rooms.work()
      for (let round = 0; round < 2; round++) {
        await askForMails(rooms, 20)
        await server.end(signal)
        await askForMails(rooms, 20)
        await server.run()
        await askForMails(rooms, 5)
      }
      await untilAllSent(rooms.tables, smtp, 90)
    },
  )

  test('a worker that is stopped while Redis is away finishes the mail under way, notes it, and ends', async () => {
    const { server } = backend()
    const smtp = await startSmtp()
    const carrier = await backend().open()
    const environment = { ...carrier.environment, ...environmentOf(smtp) }
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl, environment, clockRuns: true })
    await askForMails(rooms, 1)
    await rooms.tables.query('begin')
    await rooms.tables.query('lock table mail in share mode')
    const worker = await rooms.work()
    await millisecondsUntil(patienceMilliseconds, async () => (await rooms.waitingForLocks()) === 1)
    await server.end('SIGKILL')
    onTestFinished(async () => await server.restart('SIGKILL'))
    const stopped = worker.stop()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(smtp.count()).toBe(0)
    await rooms.tables.query('commit')
    await stopped
    expect(smtp.count()).toBe(1)
    expect(await rooms.doneJobs()).toBe(1)
  })

  test('a Redis that comes back without what it held gets it anew', async () => {
    const smtp = await startSmtp()
    const carrier = await backend().open()
    // A second try that leases a mail shortly before the clock is advanced would lose that lease, and send it too.
    const environment = {
      ...carrier.environment,
      ...environmentOf(smtp),
      IDEM_JOB_FIRST_RETRY_MILLISECONDS: '600000',
    }
    const rooms = await openRooms({ databaseUrl: carrier.databaseUrl, environment })
    await smtp.behave('defer-message')
    await askForMails(rooms, 10)
    await rooms.work()
    await untilAll(rooms.tables, 'deferred', 10)
    await carrier.lose()
    await smtp.behave('accept')
    // By the clock of the test: a job without a word for half a minute is asked about.
    rooms.clock.advance(31)
    // One that starts asks at once.
    await rooms.work()
    await untilAllSent(rooms.tables, smtp, 10)
  })
})

describeOnEachBackend((backend) => {
  test('with PostgreSQL away a worker starts or says at once that it cannot, and what was asked for goes out later', async () => {
    const smtp = await startSmtp()
    const carrier = await backend().open()
    const environment = { ...carrier.environment, ...environmentOf(smtp) }
    const asking = await openRooms({ databaseUrl: carrier.databaseUrl, environment })
    await askForMails(asking, 5)
    const proxy = await TcpProxy.start(carrier.databaseUrl, await freePort())
    onTestFinished(async () => await proxy.cut())
    const rooms = await openRooms({ databaseUrl: proxy.url, environment, clockRuns: true })
    await proxy.cut()
    const outcome = await rooms.work().then(
      () => 'started',
      (error: unknown) => (isDatabaseAway(error) ? 'away' : error),
    )
    expect(outcome).toBe(backend().name === 'redis' ? 'started' : 'away')
    expect(smtp.count()).toBe(0)
    await proxy.mend()
    // Whoever started it starts it again.
    if (outcome === 'away') await rooms.work()
    await untilAllSent(asking.tables, smtp, 5)
  })

  test('PostgreSQL away in the middle, three times: no mail is lost, none is sent twice', async () => {
    const smtp = await startSmtp()
    const carrier = await backend().open()
    const environment = { ...carrier.environment, ...environmentOf(smtp) }
    const asking = await openRooms({ databaseUrl: carrier.databaseUrl, environment })
    const proxy = await TcpProxy.start(carrier.databaseUrl, await freePort())
    onTestFinished(async () => await proxy.cut())
    const rooms = await openRooms({ databaseUrl: proxy.url, environment, clockRuns: true })
    await rooms.work()
    for (let round = 0; round < 3; round++) {
      await askForMails(asking, 20)
      await proxy.cut()
      await askForMails(asking, 10)
      await proxy.mend()
    }
    await untilAllSent(asking.tables, smtp, 90)
    await millisecondsUntil(patienceMilliseconds, async () => (await asking.doneJobs()) === 90)
  })

  test('a worker that is stopped while PostgreSQL is away ends', async () => {
    const smtp = await startSmtp()
    const carrier = await backend().open()
    const environment = { ...carrier.environment, ...environmentOf(smtp) }
    const asking = await openRooms({ databaseUrl: carrier.databaseUrl, environment })
    const proxy = await TcpProxy.start(carrier.databaseUrl, await freePort())
    onTestFinished(async () => await proxy.cut())
    const rooms = await openRooms({ databaseUrl: proxy.url, environment, clockRuns: true })
    const worker = await rooms.work()
    await askForMails(asking, 5)
    await untilAllSent(asking.tables, smtp, 5)
    // A worker that does not know whether its note of a sent mail was stored repeats it until it does, as serving allows.
    await millisecondsUntil(patienceMilliseconds, async () => (await asking.doneJobs()) === 5)
    await proxy.cut()
    await worker.stop()
  })
})
