// Workers as processes: one that is killed in the middle of a job has a heir within ten seconds, one that is told to end ends well.
import { expect, onTestFinished, test } from 'vitest'
import { millisecondsUntil } from '../../support/calls.js'
import { IdemProcess } from '../../support/process.js'
import { type Carrier, describeOnEachBackend } from '../../support/queue-backends.js'
import { SmtpServer } from '../../support/smtp-server.js'
import { openRooms, type Rooms, secretOfRooms } from './open-rooms.js'

/** What is promised: a lock of 5 s and a look every 3 s make 8. */
const takeoverMilliseconds = 10_000
const patienceMilliseconds = 30_000
const address = 'ada@example.org'

interface Scene {
  readonly smtp: SmtpServer
  /** The rooms of this process. */
  readonly rooms: Rooms
  /** Starts a worker as a process of its own, on the same database. */
  startProcess(): Promise<IdemProcess>
}

const open = async (carrier: Carrier): Promise<Scene> => {
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  const environment = { ...carrier.environment, SMTP_URL: smtp.url, IDEM_WORKER_CONCURRENCY: '1' }
  const startProcess = async (): Promise<IdemProcess> => {
    const started = await IdemProcess.start(
      {
        ...environment,
        DATABASE_URL: carrier.databaseUrl,
        IDEM_SECRET: secretOfRooms,
        IDEM_PUBLIC_URL: 'https://id.example.org',
      },
      ['worker'],
    )
    onTestFinished(async () => void (await started.stop('SIGKILL')))
    return await started.ready()
  }
  const rooms = await openRooms({ databaseUrl: carrier.databaseUrl, environment, clockRuns: true })
  return { smtp, startProcess, rooms }
}

const untilSending = async (rooms: Rooms, id: string): Promise<void> =>
  void (await millisecondsUntil(patienceMilliseconds, async () => (await rooms.mail(id)).state === 'sending'))

describeOnEachBackend((backend) => {
  test('a job whose worker is killed in the middle is taken over within ten seconds, and done once', async () => {
    const { smtp, rooms, startProcess } = await open(await backend().open())
    const doomed = await startProcess()
    await smtp.behave('stall', address)
    const id = await rooms.askForMail(address)
    await untilSending(rooms, id)
    await rooms.work()
    await smtp.behave('accept')
    const killedAt = performance.now()
    await doomed.stop('SIGKILL')
    await millisecondsUntil(patienceMilliseconds, async () => smtp.count(address) === 1)
    expect(performance.now() - killedAt).toBeLessThan(takeoverMilliseconds)
    await millisecondsUntil(patienceMilliseconds, async () => (await rooms.mail(id)).state === 'sent')
    expect(smtp.count(address)).toBe(1)
    expect(rooms.logLines.join('')).toContain('the worker of a job died: it is done anew')
  })

  test('on SIGTERM a worker finishes the mail under way, leaves the rest, and ends with 0', async () => {
    const { smtp, rooms, startProcess } = await open(await backend().open())
    const ids = [await rooms.askForMail(address), await rooms.askForMail(address)]
    await rooms.tables.query('begin')
    // The mail is in hand, and cannot be taken on before this ends.
    await rooms.tables.query('lock table mail in share mode')
    const ending = await startProcess()
    await millisecondsUntil(patienceMilliseconds, async () => (await rooms.waitingForLocks()) === 1)
    const ended = ending.stop('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(smtp.count()).toBe(0)
    await rooms.tables.query('commit')
    expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(smtp.count()).toBe(1)
    const states = await Promise.all(ids.map(async (id) => (await rooms.mail(id)).state))
    expect(states.toSorted()).toEqual(['queued', 'sent'])
    expect(await rooms.doneJobs()).toBe(1)
  })
})
