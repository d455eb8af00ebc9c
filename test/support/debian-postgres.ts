// A PostgreSQL server of Debian for tests: the version of its pg_dump, older than the embedded one.
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cluster, openCluster, startServer, stopServer } from '../../src/database/postgres-cluster.js'
import { runProgram } from '../../src/database/postgres-programs.js'
import { freePort } from './start-service.js'

/** Where Debian's packages install the programs of each version. */
const versions = '/usr/lib/postgresql'
const superuser = 'postgres'
const password = 'password-of-the-superuser'

/** The folder of the newest version's programs; null if none is installed. */
export const findDebianPostgres = async (): Promise<string | null> => {
  const installed = await readdir(versions).catch((): string[] => [])
  const newest = installed.toSorted((one, other) => Number(other) - Number(one))[0]
  if (newest === undefined) return null
  const folder = join(versions, newest, 'bin')
  return (await readdir(folder).catch((): string[] => [])).includes('initdb') ? folder : null
}

/** A running server. */
export class DebianPostgres {
  private constructor(
    private readonly cluster: Cluster,
    /** The address of its superuser. */
    readonly adminUrl: string,
  ) {}

  /** Starts one with a new data folder. */
  static async start(programs: string): Promise<DebianPostgres> {
    const parent = await mkdtemp(join(tmpdir(), 'idem-debian-'))
    await chmod(parent, 0o711)
    const own = await openCluster(join(parent, 'postgres'))
    const cluster = {
      ...own,
      programs: {
        initdb: join(programs, 'initdb'),
        pgCtl: join(programs, 'pg_ctl'),
        postgres: join(programs, 'postgres'),
      },
    }
    const { data, passwordFile, user, directory } = cluster
    await writeFile(passwordFile, password, { mode: 0o600 })
    for (const path of user === null ? [] : [passwordFile, directory])
      await chown(path, user?.uid ?? 0, user?.gid ?? 0)
    const access = [`--username=${superuser}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const made = await runProgram(
      cluster.programs.initdb,
      [`--pgdata=${data}`, '--encoding=UTF8', '--locale=C', ...access],
      cluster,
    )
    if (!made.succeeded) throw new Error(made.output)
    const port = await startServer(cluster, freePort)
    return new DebianPostgres(cluster, `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`)
  }

  /** The address of another database or role on it. */
  url(parts: { readonly user?: string; readonly password?: string; readonly database: string }): string {
    const url = new URL(this.adminUrl)
    url.pathname = `/${parts.database}`
    url.username = parts.user ?? url.username
    url.password = parts.password ?? url.password
    return url.href
  }

  /** Stops it and removes its data. */
  async stop(): Promise<void> {
    await stopServer(this.cluster)
    await rm(this.cluster.directory, { recursive: true, force: true })
  }
}
