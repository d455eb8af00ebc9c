// `idem jobs`: what operators see of failed jobs, what they have tried again, and that nobody else may.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '../../../src/runtime/random.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { errorOf, TestMachine } from './try-cli.js'

let idem: TestService
let operator: TestMachine
beforeAll(async () => {
  // Without a worker: what is put back stays where it can be counted.
  idem = await startTestService({ environment: { IDEM_OPERATORS: 'ada' } })
  operator = new TestMachine({ url: idem.url, clock: idem.clock })
  const { file } = await operator.keygen('ada.pem')
  await operator.ask(['login', '--handle', 'ada', '--private-key', file])
})
afterAll(() => idem.stop())
beforeEach(async () => {
  await operator.ask(['jobs', 'retry', '--all'])
})

const giveUpJob = async (failure: string): Promise<string> => {
  const { outbox, ownCall } = idem.foundation
  const id = systemRandom.uuid()
  await ownCall().write(outbox.row(ownCall(), id, { name: 'send-mail', payload: { mailId: id } }))
  await outbox.noteFailed(ownCall(), id, failure)
  return id
}

test('failed jobs are counted, listed with their reason, and tried again one by one or all', async () => {
  const id = await giveUpJob('no mail server\nanswers \u001b[2J')
  await giveUpJob('refused')
  const before = (await operator.ask(['jobs'])).jobs
  expect(before).toMatchObject({ failed: 2, waiting: expect.any(Number), underWay: expect.any(Number) })
  const { failedJobs } = await operator.ask(['jobs', 'failed'])
  expect(failedJobs).toMatchObject([
    { id, name: 'send-mail', failure: expect.stringContaining('no mail server'), payload: { mailId: id } },
    { failure: 'refused' },
  ])
  const { stdout } = await operator.run(['jobs', 'failed'])
  expect(stdout).toMatch(/^FAILED AT +JOB +ID +WHY\n\S+ +send-mail +\S+ +no mail server answers/)
  expect(stdout).not.toContain('\u001b')
  expect(await operator.run(['jobs', 'retry', id])).toMatchObject({
    exitCode: 0,
    stdout: 'One job is tried again.\n',
  })
  expect((await operator.ask(['jobs'])).jobs).toMatchObject({ failed: 1, waiting: before.waiting + 1 })
  expect(await operator.ask(['jobs', 'retry', '--all'])).toEqual({ retried: 1 })
  expect((await operator.run(['jobs', 'failed'])).stdout).toBe('No job has failed.\n')
  expect((await operator.run(['jobs'])).stdout).toMatch(/Failed +0\n$/)
})

test('more than a page of them is listed whole', async () => {
  for (let jobs = 0; jobs < 103; jobs += 1) await giveUpJob(`reason ${jobs}`)
  const { failedJobs } = await operator.ask(['jobs', 'failed'])
  expect(failedJobs).toHaveLength(103)
  expect(new Set(failedJobs.map(({ id }: { id: string }) => id)).size).toBe(103)
  expect(await operator.ask(['jobs', 'retry', '--all'])).toEqual({ retried: 103 })
})

test('a job that did not fail, or was tried again already, is not found', async () => {
  const id = await giveUpJob('once')
  await operator.ask(['jobs', 'retry', id])
  for (const other of [id, randomUUID()]) {
    const run = await operator.run(['jobs', 'retry', other, '--json'])
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)).toMatchObject({ code: 'NOT_FOUND' })
  }
  const malformed = await operator.run(['jobs', 'retry', 'x', '--json'])
  expect(malformed.exitCode).toBeGreaterThan(0)
})

test.each([['jobs'], ['jobs failed'], ['jobs retry --all']])(
  'idem %s is for operators alone',
  async (line) => {
    const words = line.split(' ')
    const stranger = new TestMachine({ url: idem.url, clock: idem.clock })
    expect(await stranger.run([...words, '--json'])).toMatchObject({ exitCode: 3, stdout: '' })
    await stranger.ask(['login', '--guest'])
    const run = await stranger.run([...words, '--json'])
    expect(run).toMatchObject({ exitCode: 1, stdout: '' })
    expect(errorOf(run)).toMatchObject({
      code: 'FORBIDDEN',
      next: 'Only operators (IDEM_OPERATORS) may do that.',
    })
  },
)
