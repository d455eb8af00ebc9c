// Looks into the database behind the service's back: what stands in the tables, and what changed.
import pg from 'pg'

/** The tables that hold what callers change; the throttle's counts are kept whatever comes of a call. */
const tables = [
  'account',
  'handle',
  'identity',
  'session',
  'spent_challenge',
  'held_challenge',
  'mail',
  'outbox_entry',
  'signing_key',
  'audit_entry',
]

/** A connection of the test's own. */
export class Tables {
  private constructor(private readonly client: pg.Client) {}

  static async open(databaseUrl: string): Promise<Tables> {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'idem test' })
    client.on('error', () => undefined)
    await client.connect()
    return new Tables(client)
  }

  /** The rows of any statement. */
  // biome-ignore lint/suspicious/noExplicitAny: each test selects something else
  async query(text: string, values: readonly unknown[] = []): Promise<any[]> {
    return (await this.client.query(text, [...values])).rows
  }

  /** Everything that callers can change, as one value: two are equal only when nothing was written in between. */
  async contents(): Promise<Record<string, string>> {
    const selects = tables.map(
      (table) =>
        `select '${table}' as name, count(*) || ':' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as content from "${table}" t`,
    )
    const rows = await this.query(selects.join(' union all '))
    return Object.fromEntries(rows.map((row) => [row.name, row.content]))
  }

  /** How many rows each table holds. */
  async counts(): Promise<Record<string, number>> {
    const selects = tables.map((table) => `select '${table}' as name, count(*)::int as count from "${table}"`)
    const rows = await this.query(selects.join(' union all '))
    return Object.fromEntries(rows.map((row) => [row.name, row.count]))
  }

  /** The audited acts upon an account, oldest first. */
  async actsOn(accountId: string): Promise<string[]> {
    const rows = await this.query('select action from audit_entry where account_id = $1 order by at, id', [
      accountId,
    ])
    return rows.map((row) => row.action)
  }

  /** The scope that the next tokens of a session get. */
  async setScope(sessionId: string, scope: string): Promise<void> {
    await this.query('update session set scope = $2 where id = $1', [sessionId, scope])
  }

  async close(): Promise<void> {
    await this.client.end()
  }
}
