// What an operator gets wrong ends in one sentence, with what to do and an exit status of its own, at real servers.
import { closeSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { refuseServer } from '../../src/database/require-server.js'
import { OperatorProblem, type ProblemKind, problemKinds } from '../../src/failure.js'
import { millisecondsUntil } from '../support/calls.js'
import { CertificateAuthority } from '../support/certificates.js'
import { OwnPostgres } from '../support/own-postgres.js'
import { type Ended, IdemProcess, type ProcessPlace } from '../support/process.js'
import { createDatabase, freePort } from '../support/start-service.js'

const start = async (
  environment: Readonly<Record<string, string>>,
  words: readonly string[] = [],
  place: ProcessPlace = {},
): Promise<IdemProcess> => {
  const started = await IdemProcess.start(environment, words, place)
  onTestFinished(() => void started.child.kill('SIGKILL'))
  return started
}

const secret = { IDEM_SECRET: 'the-secret-of-those-who-err-in-this-test' }

/** One sentence on standard error, and the exit status of its kind. */
const expectProblem = ({ exitCode, stderr }: Ended, kind: ProblemKind, sentence: RegExp | string): void => {
  expect(stderr).toMatch(sentence)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(exitCode).toBe(problemKinds[kind].exitStatus)
}

const migrate = async (databaseUrl: string): Promise<Ended> =>
  await (await start({ ...secret, DATABASE_URL: databaseUrl }, ['migrate'])).ended()

const folder = async (name = 'data'): Promise<string> => {
  const parent = await mkdtemp(join(tmpdir(), 'idem-mistakes-'))
  await chmod(parent, 0o711)
  onTestFinished(async () => await rm(parent, { recursive: true, force: true, maxRetries: 10 }))
  return join(parent, name)
}

test('roles, passwords, rights and databases', async () => {
  const server = await OwnPostgres.start()
  await server.query(
    `create role app login password 'right'`,
    `create role nobody nologin`,
    `create role full_house login password 'right' connection limit 0`,
    'create database bare',
    'revoke connect on database template1 from public',
    `create database latin encoding 'LATIN1' locale 'C' template template0`,
  )
  const cases: readonly (readonly [url: string, kind: ProblemKind, sentence: RegExp])[] = [
    [
      server.urlAs('app:wrong', 'bare'),
      'login',
      /the password of the role "app" is wrong .*; correct DATABASE_URL/,
    ],
    [server.urlAs('app', 'bare'), 'login', /the password of the role "app" is wrong or missing/],
    [server.urlAs('who:right', 'bare'), 'login', /"who" is wrong or missing, or there is no such role/],
    [
      server.urlAs('app:right', 'nowhere'),
      'database-missing',
      /no database "nowhere"; make it \(create database/,
    ],
    [
      server.urlAs('app:right', 'bare'),
      'right',
      /"app" lacks a right in the schema "public".*grant connect, create/,
    ],
    [server.urlAs('app:right', 'template1'), 'right', /"app" lacks a right/],
    [server.urlAs('full_house:right', 'bare'), 'passing', /too many connections; raise max_connections/],
    [server.urlOf('latin'), 'data', /has the encoding LATIN1, and Idem needs UTF8/],
  ]
  for (const [url, kind, sentence] of cases) {
    const ended = await migrate(url)
    expectProblem(ended, kind, sentence)
    expect(ended.stderr).toContain(`The database at ${server.place} cannot be used: `)
    expect(ended.stderr).not.toMatch(/wrong@|right@/)
  }
  await server.query('grant create on database bare to app', 'alter database bare owner to app')
  expect(await migrate(server.urlAs('app:right', 'bare'))).toMatchObject({ exitCode: 0, stderr: '' })
})

test('certificates and encryption', async () => {
  const authority = CertificateAuthority.make()
  const server = await OwnPostgres.start()
  await server.query(
    `create role app login password 'right' superuser`,
    `create role stray login password 'right'`,
  )
  const rules = 'hostssl all app 127.0.0.1/32 scram-sha-256\nhost all idem 127.0.0.1/32 scram-sha-256\n'
  await server.encrypt(authority.issue(['DNS:db.example.org']), rules)
  const as = (parameters: string, login = 'app:right') => server.urlAs(login, 'postgres', parameters)
  const trusted = `&sslrootcert=${encodeURIComponent(authority.file)}`
  expectProblem(await migrate(as('')), 'encryption', /or only encrypted; add sslmode=verify-full/)
  expectProblem(
    await migrate(as('?sslmode=require', 'stray:right')),
    'login',
    /pg_hba.conf does not let the role "stray" in/,
  )
  expectProblem(
    await migrate(as('?sslmode=verify-full')),
    'encryption',
    /authority of the certificate is not known; name the file/,
  )
  expectProblem(
    await migrate(as(`?sslmode=verify-full${trusted}`)),
    'encryption',
    /certificate is for another name than 127.0.0.1; write the name/,
  )
  expect(await migrate(as(`?sslmode=verify-ca${trusted}`))).toMatchObject({ exitCode: 0, stderr: '' })
  await server.encrypt(authority.selfSigned(['IP:127.0.0.1']), rules)
  expectProblem(
    await migrate(as('?sslmode=verify-full')),
    'encryption',
    /certificate is signed by itself; name the file/,
  )
  const withoutTls = `${await createDatabase()}?sslmode=require`
  expectProblem(await migrate(withoutTls), 'encryption', /it does not encrypt; switch ssl on/)
})

test('servers that are not there, and names that are not known', async () => {
  const [port, other] = [await freePort(), await freePort()]
  expectProblem(
    await migrate(`postgres://a:b@127.0.0.1:${port}/c`),
    'unavailable',
    /nothing listens there; start PostgreSQL/,
  )
  expectProblem(
    await migrate('postgres://a:b@nosuch.invalid/c'),
    'host-unknown',
    /the host name nosuch.invalid is not known|name server/,
  )
  expectProblem(
    await migrate('postgres://a:b@/c?host=/nowhere'),
    'unavailable',
    /no socket of PostgreSQL in \/nowhere/,
  )
  const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
    other,
    '127.0.0.1',
  )
  onTestFinished(() => void stranger.close())
  expectProblem(await migrate(`postgres://a:b@127.0.0.1:${other}/c`), 'unavailable', /those of PostgreSQL/)
})

test('a read-only server is refused, and one that starts is waited for', async () => {
  const server = await OwnPostgres.start()
  await server.restartWith({ 'standby.signal': '' })
  expectProblem(
    await migrate(server.urlOf()),
    'unavailable',
    /the server is read-only: a replica.*name the primary/,
  )
  await server.set('hot_standby = off')
  await server.restartWith({})
  const waiting = await start({ ...secret, DATABASE_URL: server.urlOf() }, ['migrate'])
  await millisecondsUntil(10_000, async () => waiting.stdout.includes('waiting for it'))
  await server.promote()
  expect(await waiting.ended()).toMatchObject({ exitCode: 0, stderr: '' })
})

test.each([
  [
    { version: 140_015, isReadOnly: false, encoding: 'UTF8' },
    'unavailable',
    /it is PostgreSQL 14, and Idem needs 15/,
  ],
  [{ version: 150_000, isReadOnly: false, encoding: 'UTF8' }, null, /./],
] as const)('a server of %j', (facts, kind, sentence) => {
  const refuse = () => refuseServer('postgres://idem@db.example.org/idem', facts)
  if (kind === null) expect(refuse).not.toThrow()
  else expect(refuse).toThrow(expect.objectContaining({ kind, message: expect.stringMatching(sentence) }))
})

test('addresses to listen on', async () => {
  const environment = { ...secret, DATABASE_URL: await createDatabase(), SMTP_URL: 'smtp://smtp.example.org' }
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  onTestFinished(() => void taken.close())
  const address = taken.address()
  const port = String(typeof address === 'object' && address !== null ? address.port : 0)
  const cases = [
    [
      { IDEM_PORT: port },
      'address',
      /Another program listens on 127.0.0.1:\d+ already: stop it, or set IDEM_PORT/,
    ],
    [{ IDEM_HOST: '192.0.2.1' }, 'address', /IDEM_HOST names 192.0.2.1, which is no address of this machine/],
    [
      { IDEM_HOST: 'nosuch.invalid' },
      'host-unknown',
      /IDEM_HOST names nosuch.invalid, which no name server knows/,
    ],
  ] as const
  for (const [changed, kind, sentence] of cases) {
    const ended = await (await start({ ...environment, ...changed }, ['api'])).ended()
    expectProblem(ended, kind, sentence)
    // The log is JSON to its last line, which says the same.
    const last = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({
      level: 'fatal',
      problem: kind,
      exitStatus: ended.exitCode,
      msg: ended.stderr.trim(),
    })
  }
})

test('a folder that cannot be made, a disk that is full, a folder of somebody else', async () => {
  const file = await folder('file')
  await writeFile(file, '')
  for (const dataDir of [file, join(file, 'below'), '/proc/idem'])
    expectProblem(
      await (await start({ IDEM_DATA_DIR: dataDir })).ended(),
      'storage',
      /^The data folder .* cannot be used: a part of its path is no folder.*set IDEM_DATA_DIR/,
    )
  const full = await folder('full')
  await mkdir(full, { mode: 0o711 })
  await symlink('/dev/full', join(full, 'service.json.unfinished'))
  expectProblem(
    await (await start({ IDEM_DATA_DIR: full })).ended(),
    'storage',
    /no space is left on its disk; make room/,
  )
  const foreign = await folder('foreign')
  await mkdir(foreign, { mode: 0o555 })
  const isRoot = process.getuid?.() === 0
  const refused = await start({ IDEM_DATA_DIR: foreign }, [], isRoot ? { user: 65_534 } : {})
  expectProblem(
    await refused.ended(),
    'right',
    /this user may not write there; give the user the folder \(chown\)/,
  )
})

test('a folder with any signs in its name is used, and no shell reads it', async () => {
  const parent = await folder('odd')
  await mkdir(parent, { mode: 0o711 })
  const name = `"d" 'q' $(touch ran) \`touch ran\` $HOME #1 %41 ü \\ ;&`
  const process = await start({ IDEM_DATA_DIR: join(parent, name) })
  await process.ready()
  expect(await process.stop()).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await readdir(parent)).toEqual([name])
  const inside = await readdir(join(parent, name, 'postgres'))
  expect(inside.sort()).toEqual(['commands.log', 'data', 'log', 'password'])
})

test('what cannot be printed ends a command by a sentence, and does not end a service', async () => {
  const databaseUrl = await createDatabase()
  const output = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(output))
  const environment = { ...secret, DATABASE_URL: databaseUrl }
  const command = await (await start(environment, ['migrate'], { stdout: output })).ended()
  expect(command.stderr).toMatch(
    /^Standard output cannot be written \(ENOSPC\): the command was carried out/m,
  )
  expect(command.stderr).not.toContain('    at ')
  expect(command.exitCode).toBe(problemKinds.output.exitStatus)
  const service = await (await start(environment, ['api'], { stdout: output })).ready()
  const ended = await service.stop()
  expectProblem(
    { ...ended, exitCode: problemKinds.output.exitStatus },
    'output',
    /^The log cannot be written \(ENOSPC\)/,
  )
  expect(ended.exitCode).toBe(0)
})

test('a word that is no command', async () => {
  const { exitCode, stderr } = await (await start({}, ['sing'])).ended()
  expect(stderr).toMatch(/^Unknown command: sing\n\nIdem: /)
  expect(exitCode).toBe(64)
})

test('the exit statuses are different, and the document lists them', () => {
  const listed = [
    ...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| (\d+) +\| `([\w-]+)` +\| (.+?) +\|$/gm),
  ]
  const kinds = Object.entries(problemKinds).map(([kind, { exitStatus, meaning }]) => [
    String(exitStatus),
    kind,
    meaning,
  ])
  expect(listed.map(([, ...cells]) => cells)).toEqual(kinds)
  expect(new Set(kinds.map(([status]) => status)).size).toBe(kinds.length)
  expect(new OperatorProblem('A setting is wrong.').kind).toBe('settings')
})
