// Idem as an operator runs it: `npm start` with settings, on an embedded PostgreSQL in a folder of its own.
import type { ChildProcess } from 'node:child_process'
import { chmod, open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { devNull } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Options } from './options.js'
import { type Server, serverFlags } from './server.js'
import { hasEnded, pidOf, type Started } from './started.js'

/** First start: initdb and migrations take 2 to 3 s; 400 pauses are 40 s. */
const readyAttempts = 400
const readyPauseMilliseconds = 100

const program = fileURLToPath(new URL('../src/main.js', import.meta.url))

/** All load comes from one machine, which the throttle of a real installation would stop. */
const generousThrottle = {
  IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '1000000000',
  IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '1000000000',
}

/** Starts Idem and waits until it is ready. `started` ends it, its PostgreSQL too, and removes the folder. */
export const startIdem = async (
  options: Pick<Options, 'log' | 'profile'>,
  started: Started,
): Promise<Server & { readonly postgresPid: number | null }> => {
  const folder = started.folder('idem-bench-')
  // As root, PostgreSQL runs as another user, who must get through.
  await chmod(folder, 0o711)
  const port = await freePort()
  const dataDir = join(folder, 'data')
  const problems = join(folder, 'stderr')
  const output = await open(options.log ?? devNull, 'w')
  const errors = await open(problems, 'w')
  started.add(() => endPostgres(dataDir))
  const child = started.spawn(process.execPath, [...serverFlags, ...profileFlags(options.profile), program], {
    env: { ...plainEnvironment(), ...generousThrottle, IDEM_PORT: String(port), IDEM_DATA_DIR: dataDir },
    stdio: ['ignore', output.fd, errors.fd],
  })
  const ready = awaitReady(child, { port, problems })
  // Until it is ready it does not yet listen to SIGTERM, and its database would be left behind.
  started.add(() => ready.catch(() => undefined))
  await Promise.all([output.close(), errors.close()])
  await ready
  return { port, pid: pidOf(child), postgresPid: await readPostgresPid(dataDir) }
}

/** The caller's environment without what would configure Idem. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('IDEM_') && !/^(DATABASE_URL|NODE_ENV|NODE_OPTIONS)/.test(name),
    ),
  )

const profileFlags = (folder: string | null): string[] =>
  folder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`]

const awaitReady = async (child: ChildProcess, where: { port: number; problems: string }): Promise<void> => {
  for (let attempt = 1; attempt <= readyAttempts; attempt++) {
    if (hasEnded(child)) throw new Error(`Idem did not start: ${await readFile(where.problems, 'utf8')}`)
    const response = await fetch(`http://127.0.0.1:${where.port}/readyz`).catch(() => null)
    if (response?.ok) return
    await setTimeout(readyPauseMilliseconds)
  }
  throw new Error('Idem was not ready in time; run again with --log FILE and look there.')
}

/** A port that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const { promise, resolve: found, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => found(typeof address === 'object' && address !== null ? address.port : 0))
  })
  return await promise
}

/** The first line of `postmaster.pid` is the process that all others of PostgreSQL come from. */
const readPostgresPid = async (dataDir: string): Promise<number | null> => {
  const text = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').catch(() => '')
  return Number.parseInt(text, 10) || null
}

/** Only an Idem that was killed leaves its PostgreSQL behind. SIGINT is its fast shutdown; it removes the file. */
const endPostgres = async (dataDir: string): Promise<void> => {
  const pid = await readPostgresPid(dataDir)
  if (pid === null) return
  process.kill(pid, 'SIGINT')
  for (let attempt = 1; attempt <= readyAttempts; attempt++) {
    if ((await readPostgresPid(dataDir)) === null) return
    await setTimeout(readyPauseMilliseconds)
  }
}
