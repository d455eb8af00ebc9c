// The embedded PostgreSQL, against the real thing: what was killed, and when, must not matter.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { isProcessAlive } from '../../../src/database/operating-system.js'
import { findPostgresPrograms } from '../../../src/database/postgres-programs.js'
import { systemRandom } from '../../../src/runtime/random.js'

/** Each test initialises a database of its own, 1 to 3 s on a slow disk. */
vi.setConfig({ testTimeout: 30_000 })

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'idem-postgres-'))
  await chmod(path, 0o711)
  onTestFinished(() => rm(path, { recursive: true, force: true, maxRetries: 10 }))
  return join(path, '.idem', 'postgres')
}

const start = async (directory: string) => {
  const postgres = await startEmbeddedPostgres({
    directory,
    log: pino({ level: 'silent' }),
    random: systemRandom,
  })
  onTestFinished(() => postgres.stop())
  return postgres
}

const query = async (connectionString: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString })
  // A server that is killed under the connection is part of these tests.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const postmasterPid = async (directory: string): Promise<number> =>
  Number((await readFile(join(directory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0])

const killPostmaster = async (directory: string): Promise<void> => {
  process.kill(await postmasterPid(directory), 'SIGKILL')
}

test('a first start gives a UTF-8 database idem on the loopback address, and a secret password file', async () => {
  const directory = await folder()
  const { connectionString } = await start(directory)
  expect(connectionString).toMatch(/^postgres:\/\/idem:[\w-]{32}@127\.0\.0\.1:\d+\/idem$/)
  const [settings] = await query(
    connectionString,
    `select current_database() as database, current_setting('server_encoding') as encoding,
       current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets,
       current_setting('data_checksums') as checksums, current_setting('fsync') as fsync,
       current_setting('max_connections') as connections, lower('ÄÖ') as lower`,
  )
  expect(settings).toEqual({
    database: 'idem',
    encoding: 'UTF8',
    addresses: '127.0.0.1',
    sockets: '',
    checksums: 'on',
    fsync: 'on',
    connections: '200',
    lower: 'äö',
  })
  expect((await stat(join(directory, 'password'))).mode & 0o777).toBe(0o600)
  const wrong = connectionString.replace(/:[\w-]{32}@/, ':guess@')
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('data outlives a restart', async () => {
  const directory = await folder()
  const first = await start(directory)
  await query(first.connectionString, 'create table kept as select 42 as answer')
  await first.stop()
  await first.stop()
  await expect(first.ensureRunning()).rejects.toThrow('has been stopped')
  const second = await start(directory)
  expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('a killed server comes back at the same port, by one restart for all who ask', async () => {
  const directory = await folder()
  const postgres = await start(directory)
  await query(postgres.connectionString, 'create table kept as select 42 as answer')
  await killPostmaster(directory)
  await Promise.all([postgres.ensureRunning(), postgres.ensureRunning(), postgres.ensureRunning()])
  expect(await query(postgres.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }])
  const pid = await postmasterPid(directory)
  await postgres.ensureRunning()
  expect(await postmasterPid(directory)).toBe(pid)
})

test('a server killed in the middle of a query comes back too', async () => {
  const directory = await folder()
  const postgres = await start(directory)
  const interrupted = query(postgres.connectionString, 'select pg_sleep(60)').catch((error: Error) => error)
  await setTimeout(100)
  await killPostmaster(directory)
  await postgres.ensureRunning()
  expect(await interrupted).toBeInstanceOf(Error)
  expect(await query(postgres.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a server that a killed Idem left running is taken over', async () => {
  const directory = await folder()
  const orphan = await start(directory)
  const pid = await postmasterPid(directory)
  const heir = await start(directory)
  expect(heir.connectionString).toBe(orphan.connectionString)
  expect(await postmasterPid(directory)).toBe(pid)
  await heir.stop()
  await expect(query(orphan.connectionString, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a lock that names another process by now does not keep the server from starting', async () => {
  const directory = await folder()
  const first = await start(directory)
  const lock = join(directory, 'data', 'postmaster.pid')
  const text = await readFile(lock, 'utf8')
  await first.stop()
  // Of the same system user as the server, for PostgreSQL overlooks processes of others.
  const { uid, gid } = await stat(join(directory, 'data'))
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { uid, gid, cwd: '/' })
  await once(bystander, 'spawn')
  onTestFinished(() => void bystander.kill('SIGKILL'))
  await writeFile(lock, text.replace(/^\d+/, String(bystander.pid)))
  const second = await start(directory)
  expect(await query(second.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(isProcessAlive(bystander.pid ?? 0)).toBe(true)
})

test('an initialisation that was cut short is done again from the start', async () => {
  const directory = await folder()
  const leftover = join(directory, 'data.unfinished-killed')
  await mkdir(leftover, { recursive: true })
  await writeFile(join(leftover, 'PG_VERSION'), '18\n')
  await writeFile(join(directory, 'password'), 'of the initialisation that was cut short')
  const { connectionString } = await start(directory)
  expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await readdir(directory)).sort()).toEqual(['commands.log', 'data', 'log', 'password'])
})

test('a database that a kill left unmade is made at the next start', async () => {
  const directory = await folder()
  const first = await start(directory)
  await query(first.connectionString.replace(/idem$/, 'template1'), 'alter database idem rename to postgres')
  await first.stop()
  const second = await start(directory)
  expect(await query(second.connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a server that cannot start says its last words and what to do', async () => {
  const directory = await folder()
  await (await start(directory)).stop()
  await writeFile(join(directory, 'data', 'postgresql.auto.conf'), 'no_such_setting = 1\n')
  const refusal = start(directory)
  await expect(refusal).rejects.toThrow('unrecognized configuration parameter "no_such_setting"')
  await expect(refusal).rejects.toThrow(join(directory, 'log'))
  await expect(refusal).rejects.toThrow('set DATABASE_URL')
})

test('a lost password file is named', async () => {
  const directory = await folder()
  await (await start(directory)).stop()
  await rm(join(directory, 'password'))
  await expect(start(directory)).rejects.toThrow(join(directory, 'password'))
})

test('a platform without PostgreSQL is told to set DATABASE_URL', async () => {
  await expect(findPostgresPrograms('sunos-x64')).rejects.toThrow(/sunos-x64.*set DATABASE_URL/)
  await expect(findPostgresPrograms('win32-x64')).rejects.toThrow(/windows-x64 is missing.*set DATABASE_URL/)
})

test.runIf(process.getuid?.() === 0)(
  'as root, a folder that hides the data is named with its chmod',
  async () => {
    const directory = await folder()
    const hidden = join(directory, '..', '..')
    await chmod(hidden, 0o700)
    await expect(start(directory)).rejects.toThrow(`chmod o+x ${hidden}\``)
    await chmod(hidden, 0o711)
    await start(directory)
  },
)
