// A real PgBouncer for tests, in front of the PostgreSQL of a test.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { describe, inject, onTestFinished } from 'vitest'
import { findSystemUser } from '../../src/database/system-user.js'
import { freePort } from './start-service.js'

/** Time limit of a start, in milliseconds: long enough for a busy machine. */
const startMilliseconds = 20_000

/** In CI it must be installed: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined

/** `$PGBOUNCER_PATH` or the one on the PATH, to which Debian does not add its folder; null if none is installed. */
const findPgBouncer = (): string | null => {
  for (const program of [process.env['PGBOUNCER_PATH'] ?? 'pgbouncer', '/usr/sbin/pgbouncer'])
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
      return program
    } catch {
      // The next one.
    }
  return null
}

/** Declares tests that need PgBouncer; outside of CI they are skipped if it is not installed. */
export const describeWithPgBouncer = (tests: () => void): void => {
  describe.skipIf(findPgBouncer() === null && !isRequired)('(needs pgbouncer)', tests)
}

/** Whether it lends its connections for a session, a transaction or a statement. */
export type PoolMode = 'session' | 'transaction' | 'statement'

/**
 * Starts one in front of the server of all tests, which it enters as the superuser, and stops it after the test.
 * Returns the URL of a database by this way. `settings` are more lines of its configuration.
 */
export const startPgBouncer = async (
  databaseUrl: string,
  mode: PoolMode,
  settings: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const program = findPgBouncer()
  if (program === null) throw new Error('needs pgbouncer: install it, or set PGBOUNCER_PATH')
  const directory = await mkdtemp(join(tmpdir(), 'idem-pgbouncer-'))
  const url = new URL(databaseUrl)
  const port = await freePort()
  const user = await runner(directory)
  const file = join(directory, 'pgbouncer.ini')
  await writeFile(file, configurationOf({ port, mode, settings }), { mode: 0o600 })
  if (user !== null) await chown(file, user.uid, user.gid)
  const child = spawn(program, ['-q', file], { cwd: '/', stdio: 'ignore', ...(user ?? {}) })
  onTestFinished(async () => {
    await end(child)
    await rm(directory, { recursive: true, force: true })
  })
  url.host = `127.0.0.1:${port}`
  await untilReady(child, url.href)
  return url.href
}

/** It refuses to run as root, as PostgreSQL does. */
const runner = async (directory: string): Promise<{ readonly uid: number; readonly gid: number } | null> => {
  const user = await findSystemUser(directory)
  await chmod(directory, 0o711)
  return user === null ? null : { uid: user.uid, gid: user.gid }
}

const configurationOf = ({
  port,
  mode,
  settings,
}: {
  readonly port: number
  readonly mode: PoolMode
  readonly settings: Readonly<Record<string, string>>
}): string => {
  const { hostname, port: upstream, username, password } = new URL(inject('postgresUrl'))
  const { connect_query, ...others } = settings
  const server = `host=${hostname} port=${upstream} user=${username} password='${decodeURIComponent(password)}'`
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    default_pool_size: '60',
    ...others,
  }
  return [
    '[databases]',
    `* = ${server}${connect_query === undefined ? '' : ` connect_query='${connect_query}'`}`,
    '[pgbouncer]',
    ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}

const untilReady = async (child: ChildProcess, url: string): Promise<void> => {
  const deadline = performance.now() + startMilliseconds
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
    if (performance.now() > deadline) throw new Error('pgbouncer does not answer')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const answers = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}
