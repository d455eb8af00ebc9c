// Tells what a migration waits for: an operator would otherwise see nothing but a start that takes long.
import pg from 'pg'
import type { Logger } from '../runtime/logger.js'
import { readAddress } from './address.js'
import { endClient } from './end-client.js'

/** What the connections of migrations are listed as in `pg_stat_activity`: this, and what may follow it. */
export const migrationsName = 'idem migrate'
/** A wait for a lock is told after this long, in milliseconds. */
const patienceMilliseconds = 5_000
/** Time between two lines about waits, in milliseconds. */
const repeatMilliseconds = 60_000
/** Time between two looks, in milliseconds. */
const lookMilliseconds = 1_000

/** A wait, with one of those whom it waits for. Other roles' sessions show less of themselves. */
interface Wait {
  readonly lock: string
  readonly since: Date
  readonly pid: number
  readonly application: string | null
  readonly address: string | null
  readonly state: string | null
  readonly from: Date | null
}

/** Migrations of this database that have waited for as long as it takes, and the sessions that they wait for. */
const waits = `
select case l.locktype when 'relation' then 'table ' || coalesce(l.relation::regclass::text, '?') else l.locktype || ' lock' end as lock,
  coalesce(l.waitstart, now()) as since, b.pid, nullif(b.application_name, '') as application,
  host(b.client_addr) as address, b.state, coalesce(b.xact_start, b.backend_start) as from
from pg_stat_activity w
join pg_locks l on l.pid = w.pid and not l.granted
cross join lateral unnest(pg_blocking_pids(w.pid)) as blocker (pid)
join pg_stat_activity b on b.pid = blocker.pid
where w.datname = current_database() and w.application_name like $1 || '%'
  and l.waitstart < now() - $2::int * interval '1 millisecond'
order by since, b.pid limit 10`

const describe = ({ lock, pid, application, address, state, from }: Wait): string => {
  const facts = [
    application === null ? 'no application name' : `application "${application}"`,
    address === null ? null : `address ${address}`,
    state,
    from === null ? null : `since ${from.toISOString()}`,
  ].filter((fact) => fact !== null)
  return `${lock}, held by process ${pid} of PostgreSQL (${facts.join(', ')})`
}

/** A look at the locks of a database, by a connection that is opened when it is needed. */
class LockWatch {
  readonly #startedAt = performance.now()
  #client: pg.Client | null = null
  #toldAt = Number.NEGATIVE_INFINITY
  #looking: Promise<void> = Promise.resolve()
  readonly #timer: NodeJS.Timeout

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look()).catch(() => this.#hangUp())
    }, lookMilliseconds)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
    await this.#hangUp()
  }

  async #look(): Promise<void> {
    const now = performance.now()
    if (now - this.#startedAt < patienceMilliseconds || now - this.#toldAt < repeatMilliseconds) return
    this.#client ??= await this.#connect()
    const { rows } = await this.#client.query<Wait>(waits, [migrationsName, patienceMilliseconds])
    const [first] = rows
    if (first === undefined) return
    this.#toldAt = now
    this.logger.warn(
      { since: first.since, heldBy: rows.map(({ pid }) => pid) },
      `a migration waits for a ${[...new Set(rows.map(describe))].join('; and for a ')}`,
    )
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionTimeoutMillis: patienceMilliseconds,
      query_timeout: patienceMilliseconds,
      ...readAddress(this.url),
      application_name: 'idem lock watch',
    })
    // The next look connects again.
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async #hangUp(): Promise<void> {
    const client = this.#client
    this.#client = null
    if (client !== null) await endClient(client)
  }
}

/** Runs `work`, which migrates the database; while it waits for a lock, logs who holds it: after 5 s, then each minute. */
export const tellingOfLocks = async <T>(
  { url, logger }: { readonly url: string; readonly logger: Logger },
  work: () => Promise<T>,
): Promise<T> => {
  const watch = new LockWatch(url, logger)
  try {
    return await work()
  } finally {
    await watch.stop()
  }
}
