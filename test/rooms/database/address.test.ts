// Addresses of databases: read as libpq reads them, whoever connects; what is wrong is named, and never its value.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { SettingProblem } from '../../../src/config/setting.js'
import { readAddress, schemaOf, withSchema } from '../../../src/database/address.js'
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js'
import { migrate } from '../../../src/database/migrate.js'
import { settleTls } from '../../../src/database/settle-tls.js'
import { isQueueMigrated, migrateQueue } from '../../../src/queue/backend.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { openDatabase } from '../../support/open-database.js'
import { onServer } from '../../support/postgres.js'
import { createDatabase, freePort, silentLogger, startTestService } from '../../support/start-service.js'

const plain = { host: 'db', port: 5432, user: 'u', database: 'd', ssl: false }

test.each([
  ['postgres://u@db/d', plain],
  ['postgresql://u:p@db:6543/d', { ...plain, password: 'p', port: 6543 }],
  ['postgres://u@[::1]/d', { ...plain, host: '::1' }],
  ['postgres://u:p@[2001:db8::7]:6543/d', { ...plain, host: '2001:db8::7', port: 6543, password: 'p' }],
  ['postgres://u@/d?host=/run/postgresql', { ...plain, host: '/run/postgresql' }],
  ['postgres:///d?host=/run/postgresql&user=u', { ...plain, host: '/run/postgresql' }],
  ['postgres://u@%2Frun%2Fpostgresql/d', { ...plain, host: '/run/postgresql' }],
  ['postgres://db/d?user=u&password=a%26b&port=6543', { ...plain, password: 'a&b', port: 6543 }],
  ['postgres://ignored@other/no?host=db&user=u&dbname=d', plain],
  ['postgres://u@db', { ...plain, database: 'u' }],
  ['postgres://u@/d', { ...plain, host: 'localhost' }],
  ['postgres://db/d', { ...plain, user: userInfo().username }],
  ['postgres://u:p%40s%2Fs%3Aw%25@db/d', { ...plain, password: 'p@s/s:w%' }],
  ['postgres://u:p#s?s:w[o]r+d&=;"^|@db/d', { ...plain, password: 'p#s?s:w[o]r+d&=;"^|' }],
  ['postgres://u:%C3%A9@db/d', { ...plain, password: 'é' }],
  ['postgres://u%40tenant@db/d%20e', { ...plain, user: 'u@tenant', database: 'd e' }],
  ['postgres://u@db/d?options=-c%20work_mem%3D8MB', { ...plain, options: '-c work_mem=8MB' }],
  ['postgres://u@db/d?application_name=eu+1', { ...plain, application_name: 'eu+1' }],
  ['postgres://u@db/d?connect_timeout=7', { ...plain, connectionTimeoutMillis: 7_000 }],
  ['postgres://u@db/d?target_session_attrs=read-write&channel_binding=prefer', plain],
  ['postgres://u@db/d?sslmode=disable', plain],
  ['postgres://u@db/d?sslmode=require', { ...plain, ssl: { host: 'db', rejectUnauthorized: false } }],
  ['postgres://u@db/d?ssl=true', { ...plain, ssl: { host: 'db', rejectUnauthorized: false } }],
  ['postgres://u@db/d?sslmode=verify-full', { ...plain, ssl: { host: 'db' } }],
  ['postgres://u@db/d?sslmode=verify-full&sslrootcert=system', { ...plain, ssl: { host: 'db' } }],
  ['postgres://u@/d?host=/run&sslmode=require', { ...plain, host: '/run' }],
])('%s', (url, address) => {
  expect(readAddress(url)).toEqual(address)
})

test.each([
  'postgres://u@db/d',
  'postgres://u@db/d?',
  'postgres://u@db/d?connect_timeout=7',
  'postgres://u:p?w@db/d',
  'postgres://u:p?w=1&schema=x@db/d?connect_timeout=7',
  ' postgres://u@db/d\n',
])('the schema is added to %j, and nothing else changes', (url) => {
  const added = withSchema(url, 'tenant')
  expect(schemaOf(added)).toBe('tenant')
  expect(readAddress(added)).toEqual(readAddress(url))
})

test('only the parameter sslmode is settled, not what looks like it in a password', async () => {
  const url = 'postgres://u:a?sslmode=prefer&b@/d?host=/run&sslmode=prefer\n'
  const settled = readAddress(await settleTls(url))
  expect(settled).toMatchObject({ password: 'a?sslmode=prefer&b', host: '/run', ssl: false })
  expect(await settleTls(url)).toBe('postgres://u:a?sslmode=prefer&b@/d?host=/run&sslmode=disable')
})

test.each([
  ['mysql://u:hunter2@db/d', /^must begin with postgres:/],
  ['postgres://u:hunter2@ss@db/d', /wrong password: an @ in it is written %40/],
  ['postgres://u:hunter2/x@db/d', /wrong password: a \/ in it is written %2F/],
  ['postgres://u:hunter2%@db/d', /wrong password: a % in it/],
  ['postgres://u:hunter2%zz@db/d', /wrong password: a % in it/],
  ['postgres://u:hunter2%00@db/d', /wrong password: .*NUL/],
  ['postgres://hunter2%@db/d', /wrong user/],
  ['postgres://u@hunter2,db/d', /wrong host: it names several/],
  ['postgres://u@hunter2:5432,db:5432/d', /wrong host: it names several/],
  ['postgres://u@/d?host=hunter2,db', /wrong host: it names several/],
  ['postgres://u@::1/hunter2', /wrong host: an IPv6 address stands in brackets/],
  ['postgres://u@[hunter2]/d', /wrong host: an IPv6 address/],
  ['postgres://u@hunter2 x/d', /wrong host/],
  ['postgres://u@db:hunter2/d', /wrong port/],
  ['postgres://u@db:65536/hunter2', /wrong port/],
  ['postgres://u:hunter2/d', /wrong port: .*a \/ in a password is written %2F/],
  ['postgres://u@db/d?hunter2=1', /wrong parameter: one of them/],
  ['postgres://u@db/d?pgbouncer=hunter2', /wrong parameter: "pgbouncer" is none/],
  [
    'postgres://u@db/d?sslmode=hunter2',
    /wrong parameter sslmode: it must be one of disable, allow, prefer, re/,
  ],
  ['postgres://u@db/d?ssl=hunter2', /wrong parameter ssl:/],
  ['postgres://u@db/d?sslmode=verify-ca', /wrong parameter sslrootcert: sslmode=verify-ca needs it/],
  ['postgres://u@db/d?sslmode=require&sslrootcert=system', /wrong parameter sslrootcert: system goes with/],
  [
    'postgres://u@db/d?sslmode=require&sslrootcert=/hunter2',
    /parameter sslrootcert: .*cannot be read \(ENOENT/,
  ],
  ['postgres://u@db/d?sslmode=require&sslcert=/hunter2', /wrong parameter sslcert: sslcert and sslkey go/],
  ['postgres://u@db/d?sslnegotiation=direct&user=hunter2', /wrong parameter sslnegotiation: direct needs/],
  ['postgres://u@db/d?target_session_attrs=standby&user=hunter2', /wrong parameter target_session_attrs/],
  ['postgres://u@db/d?channel_binding=require&user=hunter2', /wrong parameter channel_binding/],
  ['postgres://u@db/d?connect_timeout=hunter2', /wrong parameter connect_timeout/],
])('%s is refused', (url, problem) => {
  expect(() => readAddress(url)).toThrow(SettingProblem)
  expect(() => readAddress(url)).toThrow(problem)
  expect(() => readAddress(url)).not.toThrow('hunter2')
})

/** A way to the server of the tests at another address. */
const forward = async (
  place: { readonly path: string } | { readonly host: string; readonly port: number },
) => {
  const { hostname, port } = new URL(inject('postgresUrl'))
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve))
  onTestFinished(() => void server.close())
}

/** Migrates, serves and works at an address, all of which connect in their own way. */
const useAt = async (url: string): Promise<void> => {
  expect(await migrate(await openDatabase(url))).not.toEqual([])
  const queue = { redisUrl: null, databaseUrl: url }
  await migrateQueue(queue)
  expect(await isQueueMigrated(queue)).toBe(true)
  const idem = await startTestService({ databaseUrl: url })
  expect(idem.foundation.notifications.trusted).toBe(true)
  await idem.stop()
}

describe('everything that connects takes the same address', () => {
  const emptyOne = async () => new URL(await createDatabase({ empty: true }))

  test('in brackets', async () => {
    const url = await emptyOne()
    const port = await freePort()
    await forward({ host: '::1', port })
    await useAt(`postgres://${url.username}:${url.password}@[::1]:${port}${url.pathname}`)
  })

  test('a socket of the operating system, and a password beside it', async () => {
    const url = await emptyOne()
    const folder = mkdtempSync(join(tmpdir(), 'idem-socket-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await forward({ path: join(folder, '.s.PGSQL.5432') })
    await useAt(`postgres://${url.pathname}?host=${folder}&user=${url.username}&password=${url.password}`)
  })

  test('a password with reserved signs', async () => {
    const url = await emptyOne()
    const name = url.pathname.slice(1)
    const password = 'p#s?s:w[o]r+d&=;^|'
    await onServer(inject('postgresUrl'), `create role ${name} login password '${password}'`)
    await onServer(inject('postgresUrl'), `alter database ${name} owner to ${name}`)
    await useAt(`postgres://${name}:${password}@${url.host}${url.pathname}`)
  })
})

describe('encryption', () => {
  const folder = mkdtempSync(join(tmpdir(), 'idem-tls-'))
  let encrypting: string
  let stop: () => Promise<void>
  const file = (name: string): string => join(folder, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })

  beforeAll(async () => {
    chmodSync(folder, 0o711)
    for (const authority of ['ca', 'other'])
      openssl(
        ...`req -x509 -newkey rsa:2048 -nodes -subj /CN=${authority} -days 2 -keyout ${authority}.key -out ${authority}.crt`.split(
          ' ',
        ),
      )
    for (const [name, subject] of [
      ['server', '/CN=127.0.0.1'],
      ['client', '/CN=postgres'],
    ] as const) {
      openssl(
        ...`req -newkey rsa:2048 -nodes -subj ${subject} -addext subjectAltName=IP:127.0.0.1 -keyout ${name}.key -out ${name}.csr`.split(
          ' ',
        ),
      )
      openssl(
        ...`x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out ${name}.crt`.split(
          ' ',
        ),
      )
    }
    const server = await startEmbeddedPostgres({
      directory: file('postgres'),
      log: silentLogger,
      random: systemRandom,
    })
    stop = () => server.stop()
    const { uid, gid } = statSync(file('postgres'))
    for (const name of ['server.key', 'server.crt', 'ca.crt']) chownSync(file(name), uid, gid)
    encrypting = server.connectionString
    for (const [name, value] of [
      ['ssl_cert_file', 'server.crt'],
      ['ssl_key_file', 'server.key'],
      ['ssl_ca_file', 'ca.crt'],
    ])
      await onServer(encrypting, `alter system set ${name} = '${file(String(value))}'`)
    await onServer(encrypting, 'alter system set ssl = on')
    await onServer(encrypting, 'select pg_reload_conf()')
    await vi.waitFor(
      async () => expect(await encryptionOf(`${encrypting}?sslmode=require`)).toBe('encrypted'),
      10_000,
    )
  })
  afterAll(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })

  /** What a connection is: encrypted, also with a certificate of the client, plain, or refused. */
  const encryptionOf = async (url: string): Promise<string> => {
    const client = new pg.Client(readAddress(await settleTls(url)))
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query(
        'select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()',
      )
      return rows[0].ssl ? (rows[0].client_dn === null ? 'encrypted' : 'encrypted, known') : 'plain'
    } catch {
      return 'refused'
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  test.each([
    ['', 'plain', 'plain'],
    ['sslmode=disable', 'plain', 'plain'],
    ['sslmode=allow', 'encrypted', 'plain'],
    ['sslmode=prefer', 'encrypted', 'plain'],
    ['sslmode=require', 'encrypted', 'refused'],
    ['sslmode=require&sslrootcert=FOLDER/ca.crt', 'encrypted', 'refused'],
    ['sslmode=require&sslrootcert=FOLDER/other.crt', 'refused', 'refused'],
    ['sslmode=verify-ca&sslrootcert=FOLDER/ca.crt', 'encrypted', 'refused'],
    ['sslmode=verify-ca&sslrootcert=FOLDER/other.crt', 'refused', 'refused'],
    ['sslmode=verify-full', 'refused', 'refused'],
    ['sslmode=verify-full&sslrootcert=FOLDER/ca.crt', 'encrypted', 'refused'],
    ['sslmode=verify-full&sslrootcert=FOLDER/ca.crt&host=localhost', 'refused', 'refused'],
    ['sslmode=verify-ca&sslrootcert=FOLDER/ca.crt&host=localhost', 'encrypted', 'refused'],
    ['sslmode=require&sslnegotiation=direct', 'encrypted', 'refused'],
    ['sslmode=require&sslcert=FOLDER/client.crt&sslkey=FOLDER/client.key', 'encrypted, known', 'refused'],
  ])('?%s', async (parameters, withTls, withoutTls) => {
    const query = `?${parameters.replaceAll('FOLDER', folder)}`
    expect(await encryptionOf(`${encrypting}${query}`)).toBe(withTls)
    expect(await encryptionOf(`${inject('postgresUrl')}${query}`)).toBe(withoutTls)
  })
})
