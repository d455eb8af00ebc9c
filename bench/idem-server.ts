// Starts Idem as an operator does: `npm start` with settings, in one role or both, on a database in a temporary folder.
import type { ChildProcess } from 'node:child_process'
import { chmod, open, readFile } from 'node:fs/promises'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attachEmbeddedPostgres } from '../src/database/attach-embedded-postgres.js'
import { freePort } from './free-port.js'
import type { Options } from './options.js'
import type { ServerName } from './scenario.js'
import { profileFlags, type Server, serverFlags } from './server.js'
import { hasEnded, pidOf, type Started } from './started.js'

/** First start: initdb and migrations take 2 to 3 s; 400 pauses are 40 s. */
const readyAttempts = 400
const readyPauseMilliseconds = 100

const program = fileURLToPath(new URL('../src/main.js', import.meta.url))

/** Raises the rate limits, because all load comes from one network. */
const generousThrottle = {
  IDEM_THROTTLE_SIGN_INS_PER_SUBJECT: '1000000000',
  IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '1000000000',
  IDEM_THROTTLE_HANDLES_PER_SOURCE: '1000000000',
  IDEM_THROTTLE_NEW_HANDLES_PER_SOURCE: '1000000000',
  IDEM_THROTTLE_REFRESHES_PER_SESSION: '1000000000',
  IDEM_THROTTLE_CHANGES_PER_SESSION: '1000000000',
  IDEM_THROTTLE_CHANGES_PER_ACCOUNT: '1000000000',
  IDEM_THROTTLE_MAILS_PER_SUBJECT: '1000000000',
  IDEM_THROTTLE_MAILS_PER_SOURCE: '1000000000',
  IDEM_MAILS_PER_DOMAIN: '1000000',
}

/** The options of an Idem. */
export interface IdemOptions extends Pick<Options, 'log' | 'profile'> {
  /** Part of the names of its profile and its log. */
  readonly name: ServerName
  readonly role: 'api' | 'both'
  readonly environment: Readonly<Record<string, string>>
}

/** The Idem whose PostgreSQL the other processes share. */
export interface IdemWithPostgres extends Server {
  readonly postgresPid: number | null
  /** The address of its PostgreSQL, as the URL of a database with this name. */
  readonly urlOf: (database: string) => string
}

/** Starts an Idem on a PostgreSQL of its own. `started` ends both and removes the folder. */
export const startIdemWithPostgres = async (
  options: IdemOptions,
  started: Started,
): Promise<IdemWithPostgres> => {
  const folder = started.folder('idem-bench-')
  // If this runs as root, PostgreSQL runs as another user, who must be able to enter the folder.
  await chmod(folder, 0o711)
  const dataDir = join(folder, 'data')
  started.add(() => endPostgres(dataDir))
  const server = await startIdem(options, dataDir, started)
  const url = await attachEmbeddedPostgres(join(dataDir, 'postgres'))
  return {
    ...server,
    postgresPid: await readPostgresPid(dataDir),
    urlOf: (database) => Object.assign(new URL(url), { pathname: `/${database}` }).href,
  }
}

/** Starts an Idem on the database of its environment. `started` ends it and removes the folder. */
export const startIdemBeside = async (options: IdemOptions, started: Started): Promise<Server> =>
  await startIdem(options, started.folder('idem-bench-'), started)

/** Starts Idem and waits until it is ready. */
const startIdem = async (options: IdemOptions, dataDir: string, started: Started): Promise<Server> => {
  const port = await freePort()
  const problems = join(started.folder('idem-bench-'), 'stderr')
  const output = await open(options.log === null ? devNull : `${options.log}${suffixOf(options)}`, 'w')
  const errors = await open(problems, 'w')
  const flags = [...serverFlags, ...profileFlags(options.profile, options.name)]
  const child = started.spawn(process.execPath, [...flags, program, ...rolesOf(options)], {
    env: {
      ...plainEnvironment(),
      ...generousThrottle,
      IDEM_PORT: String(port),
      IDEM_DATA_DIR: dataDir,
      ...options.environment,
    },
    stdio: ['ignore', output.fd, errors.fd],
  })
  const ready = awaitReady(child, { port, problems })
  // Before it is ready it does not handle SIGTERM, so its database would keep running.
  started.add(() => ready.catch(() => undefined))
  await Promise.all([output.close(), errors.close()])
  await ready
  return { port, pid: pidOf(child) }
}

/** `npm start` alone runs both roles. */
const rolesOf = ({ role }: IdemOptions): string[] => (role === 'both' ? [] : [role])

/** The first server's log has the requested name, the others' get a suffix. */
const suffixOf = ({ name }: IdemOptions): string => (name === 'idem' ? '' : `.${name}`)

/** The environment of this process without settings of Idem. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !name.startsWith('IDEM_') && !/^(DATABASE_URL|REDIS_URL|SMTP_URL|NODE_ENV|NODE_OPTIONS)/.test(name),
    ),
  )

const awaitReady = async (child: ChildProcess, where: { port: number; problems: string }): Promise<void> => {
  for (let attempt = 1; attempt <= readyAttempts; attempt++) {
    if (hasEnded(child)) throw new Error(`Idem did not start: ${await readFile(where.problems, 'utf8')}`)
    const response = await fetch(`http://127.0.0.1:${where.port}/readyz`).catch(() => null)
    if (response?.ok) return
    await setTimeout(readyPauseMilliseconds)
  }
  throw new Error('Idem was not ready in time; run again with --log FILE and look there.')
}

/** The pid of PostgreSQL's parent process is the first line of `postmaster.pid`. */
const readPostgresPid = async (dataDir: string): Promise<number | null> => {
  const text = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').catch(() => '')
  return Number.parseInt(text, 10) || null
}

/** Stops a PostgreSQL that a killed Idem left running. SIGINT is its fast shutdown, which removes the file. */
const endPostgres = async (dataDir: string): Promise<void> => {
  const pid = await readPostgresPid(dataDir)
  if (pid === null) return
  process.kill(pid, 'SIGINT')
  for (let attempt = 1; attempt <= readyAttempts; attempt++) {
    if ((await readPostgresPid(dataDir)) === null) return
    await setTimeout(readyPauseMilliseconds)
  }
}
