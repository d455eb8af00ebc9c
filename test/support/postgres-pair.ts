// Two PostgreSQL servers behind one address: a primary, and a streaming replica that takes over.
import { execFile } from 'node:child_process'
import { appendFile, chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { addressesWith, superuser } from '../../src/database/embedded-address.js'
import {
  type Cluster,
  initialise,
  openCluster,
  readPassword,
  startServer,
  stopServer,
} from '../../src/database/postgres-cluster.js'
import { systemRandom } from '../../src/runtime/random.js'
import { millisecondsUntil } from './calls.js'
import { freePort } from './start-service.js'
import { TcpProxy } from './tcp-proxy.js'

const run = promisify(execFile)
/** How long the replica may take to follow, and to take over. In milliseconds. */
const patienceMilliseconds = 30_000

/** A running server. */
interface Server {
  readonly cluster: Cluster
  readonly port: number
  readonly url: string
}

const queryOn = async <R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> => {
  const client = new pg.Client({ connectionString: url, application_name: 'test' })
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

const start = async (cluster: Cluster): Promise<Server> => {
  const port = await startServer(cluster, freePort)
  onTestFinished(async () => await stopServer(cluster))
  return { cluster, port, url: `${addressesWith(await readPassword(cluster))(port)}postgres` }
}

/** Copies the data folder of a running server, as `pg_basebackup` does, and has the copy follow it. */
const startReplica = async (primary: Server, cluster: Cluster): Promise<Server> => {
  const { data } = cluster
  const client = new pg.Client({ connectionString: primary.url })
  await client.connect()
  try {
    await client.query(`select pg_backup_start('replica', true)`)
    await run('cp', ['-a', primary.cluster.data, data])
    await run('cp', ['-a', primary.cluster.passwordFile, cluster.passwordFile])
    for (const file of ['postmaster.pid', 'postmaster.opts']) await rm(join(data, file), { force: true })
    const { rows } = await client.query<{ label: string }>('select labelfile as label from pg_backup_stop()')
    await writeFile(join(data, 'backup_label'), rows[0]?.label ?? '')
  } finally {
    await client.end()
  }
  await writeFile(join(data, 'standby.signal'), '')
  const password = await readPassword(primary.cluster)
  const source = `host=127.0.0.1 port=${primary.port} user=${superuser} password=${password} application_name=replica`
  await appendFile(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`)
  const { user } = cluster
  if (user !== null)
    for (const file of ['backup_label', 'standby.signal']) await chown(join(data, file), user.uid, user.gid)
  return await start(cluster)
}

/** A primary and its replica, whose commits wait for each other, behind a proxy. */
export class PostgresPair {
  private constructor(
    private readonly old: Server,
    private readonly heir: Server,
    private readonly proxy: TcpProxy,
  ) {}

  /** Starts both; they are stopped after the test. */
  static async start(): Promise<PostgresPair> {
    const parent = await mkdtemp(join(tmpdir(), 'idem-pair-'))
    await chmod(parent, 0o711)
    onTestFinished(async () => await rm(parent, { recursive: true, force: true }))
    const [first, second] = [await openCluster(join(parent, 'one')), await openCluster(join(parent, 'two'))]
    await initialise(first, () => systemRandom.bytes(24).toString('base64url'))
    const old = await start(first)
    const heir = await startReplica(old, second)
    // What was acknowledged is on both.
    await queryOn(old.url, `alter system set synchronous_standby_names = 'replica'`)
    await queryOn(old.url, 'select pg_reload_conf()')
    await millisecondsUntil(patienceMilliseconds, async () => {
      const rows = await queryOn<{ state: string }>(
        old.url,
        'select sync_state as state from pg_stat_replication',
      )
      return rows[0]?.state === 'sync'
    })
    const proxy = await TcpProxy.start(old.url, await freePort())
    onTestFinished(async () => await proxy.cut())
    return new PostgresPair(old, heir, proxy)
  }

  /** The address of whichever is the primary. */
  get url(): string {
    return this.proxy.url
  }

  /** The new primary, without the proxy. */
  get heirUrl(): string {
    return this.heir.url
  }

  /**
   * The old primary becomes read-only and stays reachable, the replica becomes the primary, and the address leads to it.
   * Connections that are open stay open.
   */
  async failOver(): Promise<void> {
    await this.fence()
    await this.promote()
    this.proxy.switchTo(this.heir.url)
  }

  /** The old primary falls silent, without a goodbye, and the replica becomes the primary to which the address leads. */
  async failOverFromSilence(): Promise<void> {
    this.proxy.silence()
    await this.promote()
    this.proxy.switchTo(this.heir.url)
  }

  /** The replica becomes the primary to which the address leads, and nobody tells the old one, which takes writes, too. */
  async failOverUnfenced(): Promise<void> {
    await queryOn(this.old.url, 'alter system reset synchronous_standby_names')
    await queryOn(this.old.url, 'select pg_reload_conf()')
    await this.promote()
    this.proxy.switchTo(this.heir.url)
  }

  /** The old primary refuses writes from the next transaction on. */
  async fence(): Promise<void> {
    await queryOn(this.old.url, 'alter system set default_transaction_read_only = on')
    await queryOn(this.old.url, 'select pg_reload_conf()')
  }

  /** The replica becomes a primary; it waits for nobody. */
  async promote(): Promise<void> {
    await queryOn(this.heir.url, 'select pg_promote()')
    await queryOn(this.heir.url, `alter system reset synchronous_standby_names`)
    await queryOn(this.heir.url, 'select pg_reload_conf()')
  }

  /** The names of the connections of Idem that are still open to the old primary, which must be reachable. */
  async leftBehind(): Promise<string[]> {
    const rows = await queryOn<{ name: string }>(
      this.old.url,
      `select application_name as name from pg_stat_activity
        where backend_type = 'client backend' and application_name <> 'test'`,
    )
    return rows.map(({ name }) => name)
  }
}
