// The process writes JSON lines only, whatever fails in it, and no secret of its environment is in them.
import { expect, onTestFinished, test } from 'vitest'
import { problemKinds } from '../../src/failure.js'
import { IdemProcess } from '../support/process.js'
import { describeOnRedis } from '../support/queue-backends.js'
import { createDatabase } from '../support/start-service.js'

const secret = 'hunter2-of-the-test'

/** Starts a process in which this module runs as well. */
const startWith = async (module: string): Promise<IdemProcess> => {
  const started = await IdemProcess.start({
    DATABASE_URL: await createDatabase(),
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(module)}`,
  })
  onTestFinished(async () => void (await started.stop('SIGKILL')))
  return started
}

/** The lines of the log; throws if one is no JSON. */
const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const failing = `Object.assign(new Error('${secret}'), { command: { name: 'auth', args: ['${secret}'] } })`
/** Runs once the process is ready: it may then do something in its place. */
const onceReady = (work: string): string => `
  const timer = setInterval(async () => {
    const answer = await fetch('http://127.0.0.1:' + process.env.IDEM_PORT + '/readyz').catch(() => null)
    if (answer?.status !== 200) return
    clearInterval(timer)
    ${work}
  }, 50)`

test.each([
  ['an error that nobody catches', `setTimeout(() => { throw ${failing} })`, 'uncaughtException'],
  ['a promise that nobody awaits', `void Promise.reject(${failing})`, 'unhandledRejection'],
])('%s ends the process with one line, without what it carries', async (_, work, origin) => {
  const { exitCode, stdout, stderr } = await (await startWith(onceReady(work))).ended()
  expect(exitCode).toBe(1)
  expect(stdout + stderr).not.toContain(secret)
  expect(stderr).toBe('')
  expect(linesOf(stdout).at(-1)).toMatchObject({
    level: 'fatal',
    origin,
    err: { type: 'Error', command: 'auth' },
  })
})

test('what libraries write to the console, and warnings of Node, are lines of the log', async () => {
  const work = `
    console.error('it failed:', ${failing}); console.warn({ password: '${secret}' })
    process.emitWarning('of ${secret}', 'OddWarning'); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50)`
  const { exitCode, stdout, stderr } = await (await startWith(onceReady(work))).ended()
  expect(exitCode).toBe(0)
  expect(stdout + stderr).not.toContain(secret)
  expect(stderr).toBe('')
  const lines = linesOf(stdout)
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'error', title: 'it failed', msg: 'a library wrote to the console' }),
  )
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: 'Node warns' }))
})

describeOnRedis((backend) => {
  test('a wrong password of Redis is named and not shown', async () => {
    const worker = await IdemProcess.start(
      {
        DATABASE_URL: await createDatabase(),
        REDIS_URL: backend().server.takeUrl(`somebody:${secret}@`),
        IDEM_LOG_LEVEL: 'trace',
      },
      ['worker'],
    )
    onTestFinished(async () => void (await worker.stop('SIGKILL')))
    const { exitCode, stdout, stderr } = await worker.ended()
    expect(exitCode).toBe(problemKinds.login.exitStatus)
    expect(linesOf(stdout).at(-1)).toMatchObject({
      level: 'fatal',
      msg: expect.stringContaining('Redis refuses the user or the password'),
    })
    expect(stdout + stderr).not.toContain(secret)
  })
})
