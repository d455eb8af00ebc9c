// A PostgreSQL server of a test's own: with roles, rules of access and certificates as an operator would set them.
import { appendFile, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { addressesWith } from '../../src/database/embedded-address.js'
import {
  type Cluster,
  initialise,
  openCluster,
  readPassword,
  startServer,
  stopServer,
} from '../../src/database/postgres-cluster.js'
import { runProgram } from '../../src/database/postgres-programs.js'
import { systemRandom } from '../../src/runtime/random.js'
import type { Certificate } from './certificates.js'
import { freePort } from './start-service.js'

/** A server with a data folder of its own. */
export class OwnPostgres {
  #port = 0

  private constructor(
    private readonly cluster: Cluster,
    private readonly password: string,
  ) {}

  /** Makes and starts one; it is stopped after the test. */
  static async start(): Promise<OwnPostgres> {
    const parent = await mkdtemp(join(tmpdir(), 'idem-own-'))
    await chmod(parent, 0o711)
    onTestFinished(async () => await rm(parent, { recursive: true, force: true }))
    const cluster = await openCluster(join(parent, 'server'))
    await initialise(cluster, () => systemRandom.bytes(24).toString('base64url'))
    const server = new OwnPostgres(cluster, await readPassword(cluster))
    await server.run()
    onTestFinished(async () => await stopServer(cluster))
    return server
  }

  /** `host:port`. */
  get place(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** The superuser's URL of a database. */
  urlOf(database = 'postgres'): string {
    return `${addressesWith(this.password)(this.#port)}${database}`
  }

  /** The URL of another role, with `parameters` behind it. */
  urlAs(login: string, database = 'postgres', parameters = ''): string {
    return `postgres://${login}@${this.place}/${database}${parameters}`
  }

  /** Runs statements as the superuser, one after the other. */
  async query(...statements: readonly string[]): Promise<void> {
    const client = new pg.Client({ connectionString: this.urlOf() })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  /** Starts it on a port of its own, which stays the same. */
  async run(): Promise<void> {
    const port = this.#port || (await freePort())
    this.#port = await startServer(this.cluster, async () => port)
  }

  /** Stops it, writes files of the data folder, and starts it again. */
  async restartWith(files: Readonly<Record<string, string>>): Promise<void> {
    await stopServer(this.cluster)
    for (const [name, text] of Object.entries(files)) await this.#write(name, text)
    await this.run()
  }

  /** Appends settings, as `alter system` does. */
  async set(settings: string): Promise<void> {
    await appendFile(join(this.cluster.data, 'postgresql.auto.conf'), `${settings}\n`)
    await this.query('select pg_reload_conf()')
  }

  /** Has it encrypt with this certificate, and follow these rules of access. */
  async encrypt(certificate: Certificate, rules: string): Promise<void> {
    await this.#write('server.crt', certificate.cert)
    await this.#write('server.key', certificate.key)
    await this.#write('pg_hba.conf', rules)
    await this.set('ssl = on')
  }

  /** Ends its recovery. */
  async promote(): Promise<void> {
    await runProgram(this.cluster.programs.pgCtl, ['promote', '-D', 'data'], this.cluster)
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.cluster.data, name)
    await writeFile(file, text, { mode: 0o600 })
    const { user } = this.cluster
    if (user !== null) await chown(file, user.uid, user.gid)
  }
}
