// Starts a Redis or Valkey for the benchmark, if one is installed.
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from './free-port.js'
import { hasEnded, type Started } from './started.js'

const run = promisify(execFile)

/** Both have the same protocol and options. */
const programs = ['redis-server', 'valkey-server']

/** It listens within milliseconds; 100 pauses are 5 s. */
const readyAttempts = 100
const readyPauseMilliseconds = 50

/** The installed program, or null. */
export const findRedis = async (): Promise<string | null> => {
  for (const program of programs) {
    const isThere = await run(program, ['--version']).then(
      () => true,
      () => false,
    )
    if (isThere) return program
  }
  return null
}

const listens = async (port: number): Promise<boolean> =>
  await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** Starts it without persistence; returns the URLs of its databases by number. */
export const startRedis = async (
  program: string,
  started: Started,
): Promise<(database: number) => string> => {
  const port = await freePort()
  const child = started.spawn(
    program,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { cwd: started.folder('idem-bench-redis-'), stdio: 'ignore' },
  )
  for (let attempt = 1; !(await listens(port)); attempt++) {
    if (hasEnded(child) || attempt === readyAttempts) throw new Error(`${program} did not start`)
    await setTimeout(readyPauseMilliseconds)
  }
  return (database) => `redis://127.0.0.1:${port}/${database}`
}
