// docs/operations.md: roles and rights, backup and restore, and a new password, on Debian's PostgreSQL with its programs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { problemKinds } from '../../src/failure.js'
import { askMe, atOnce, codeOf, dataOf, refresh, tryRefresh } from '../support/calls.js'
import { DebianPostgres, findDebianPostgres } from '../support/debian-postgres.js'
import { KeyOwner, type SignedIn } from '../support/key-owner.js'
import {
  block,
  command,
  production,
  secretOfInstallation,
  serving,
  shell,
  withoutNpm,
} from '../support/operations.js'
import { databaseUrl, onServer } from '../support/postgres.js'

const programs = await findDebianPostgres()
/** In CI it must be installed: a skipped test would pass unnoticed. */
const isRequired = process.env['CI'] !== undefined
/** Each test starts several processes, on a machine that may be busy. */
const patience = { timeout: 180_000 }
const otherSecret = `another-${secretOfInstallation}`

describe.skipIf(programs === null && !isRequired)('an installation (needs postgresql)', () => {
  let server: DebianPostgres
  let folder: string
  beforeAll(async () => {
    if (programs === null) throw new Error('needs postgresql: install it')
    server = await DebianPostgres.start(programs)
    folder = await mkdtemp(join(tmpdir(), 'idem-operations-'))
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const urlOf = (user: string, database = 'idem', password = 'PASSWORD'): string =>
    server.url({ user, password, database })
  /** Runs a block as the operator of this server, in a folder of his own. */
  const operate = async (text: string, others: Readonly<Record<string, string>> = {}): Promise<string> =>
    await shell(text, { ADMIN_URL: server.adminUrl, DATABASE_URL: urlOf('idem'), ...others }, folder)

  let owner: KeyOwner
  let before: SignedIn

  test('a role that owns its database may all that Idem does', patience, async () => {
    await operate(block('PostgreSQL', 0))
    await operate(block('PostgreSQL', 2))
    const start = withoutNpm(block('Start', 0)).replace(/^export DATABASE_URL=.*$/m, `cd ${process.cwd()}`)
    const printed = await operate(`${start.trimEnd()} --help`)
    expect(printed).toMatch(/^Applied: 0001.*\n[\s\S]*usage: npm start/)
    await serving(production(urlOf('idem')), async (idem) => {
      owner = new KeyOwner(idem)
      before = await owner.signIn()
    })
  })

  test('a role that owns nothing serves and works with the rights that it is given', patience, async () => {
    await operate(block('PostgreSQL', 1))
    const environment = production(urlOf('idem_serving'))
    await serving(environment, async (idem) => {
      expect(dataOf(await askMe(idem, before.accessToken)).me.id).toBe(before.accountId)
      await new KeyOwner(idem).signIn()
    })
    const rotated = await command(environment, 'rotate-signing-key')
    expect(rotated).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Added signing key') })
    // The tables are the owner's, whom alone they obey in migrations.
    expect((await command(environment, 'migrate')).exitCode).toBe(problemKinds.right.exitStatus)
  })

  test(
    'a dump is restored into another database, of a newer server too, and only its secret opens it',
    patience,
    async () => {
      await operate(block('Backup and restore', 0))
      let after = ''
      await serving(production(urlOf('idem')), async (idem) => {
        after = (await refresh(idem, before.refreshToken)).refreshToken
      })
      const newer = inject('postgresUrl')
      const restored = urlOf('idem', 'idem_restored')
      for (const environment of [
        { RESTORED_URL: restored },
        { RESTORED_URL: databaseUrl(newer, 'idem_restored'), ADMIN_URL: newer },
      ]) {
        await operate(block('Backup and restore', 1), environment)
        const foreign = await command(production(environment.RESTORED_URL, otherSecret), 'api')
        expect(foreign).toMatchObject({
          exitCode: problemKinds.data.exitStatus,
          stderr: expect.stringContaining('IDEM_SECRET'),
        })
        await serving(production(environment.RESTORED_URL), async (idem) => {
          // What is younger than the dump is unknown; what was current then is current again.
          expect(codeOf(await tryRefresh(idem, after))).toBe('UNAUTHENTICATED')
          const { accessToken } = await refresh(idem, before.refreshToken)
          expect(dataOf(await askMe(idem, accessToken)).me.id).toBe(before.accountId)
        })
      }
      await onServer(newer, 'drop database idem_restored')
    },
  )

  test('all sessions of a restored database are ended, and a lost secret is replaced', patience, async () => {
    const RESTORED_URL = urlOf('idem', 'idem_restored')
    let current: SignedIn
    const again = () => String(owner.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await serving(production(RESTORED_URL), async (idem) => {
      current = await new KeyOwner(idem, again()).signIn()
      await operate(block('Backup and restore', 2), { RESTORED_URL })
      expect(codeOf(await tryRefresh(idem, current.refreshToken))).toBe('UNAUTHENTICATED')
    })
    await operate(block('Backup and restore', 3), { RESTORED_URL })
    await serving(production(RESTORED_URL, otherSecret), async (idem) => {
      expect((await new KeyOwner(idem, again()).signIn()).accountId).toBe(before.accountId)
      expect(codeOf(await tryRefresh(idem, current.refreshToken))).toBe('UNAUTHENTICATED')
    })
  })

  test('a role takes over from another while processes of both run', patience, async () => {
    await operate(block('New secrets', 1))
    await serving(production(urlOf('idem')), async (one) => {
      await serving(production(urlOf('idem_2', 'idem', 'NEW')), async (other) => {
        await operate(block('New secrets', 2))
        // What the first has open stays open; for new connections the database is away, which is no bug.
        for (const answer of await atOnce(20, async () => await askMe(one, before.accessToken)))
          expect([null, 'UNAVAILABLE']).toContain(codeOf(answer))
        expect(dataOf(await askMe(other, before.accessToken)).me.id).toBe(before.accountId)
        await new KeyOwner(other).signIn()
      })
    })
    const closed = await command(production(urlOf('idem')), 'migrate')
    expect(closed.exitCode).toBe(problemKinds.login.exitStatus)
    expect((await command(production(urlOf('idem_2', 'idem', 'NEW')), 'migrate')).exitCode).toBe(0)
  })
})
