// Reads the service's database directly: the content of tables, and whether it changed.
import pg from 'pg'

/** The tables that calls change. Without the throttle's counters, which also a refused call changes. */
const tables = [
  'account',
  'handle',
  'identity',
  'retired_identity',
  'second_factor',
  'device',
  'password_reset',
  'session',
  'merge',
  'merge_row',
  'spent_challenge',
  'held_challenge',
  'mail',
  'outbox_entry',
  'webhook_endpoint',
  'webhook_event',
  'webhook_delivery',
  'signing_key',
  'audit_entry',
]

/** Each row as text; how many proofs failed, or were tried, is a count, as that of the throttle. */
const rowsOf = (table: string): string =>
  `select (to_jsonb(t) - 'failed_proofs' - 'last_failed_at' - 'tries_paced_until')::text as r from "${table}" t`

/** A separate connection of the test. */
export class Tables {
  private constructor(private readonly client: pg.Client) {}

  static async open(databaseUrl: string): Promise<Tables> {
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'idem test' })
    client.on('error', () => undefined)
    await client.connect()
    return new Tables(client)
  }

  /** The rows that a statement returns. */
  // biome-ignore lint/suspicious/noExplicitAny: each test selects other columns
  async query(text: string, values: readonly unknown[] = []): Promise<any[]> {
    return (await this.client.query(text, [...values])).rows
  }

  /**
   * The content of these tables as one value. Two are equal only if nothing was written in between, apart from counts
   * of failed and tried proofs.
   */
  async contents(): Promise<Record<string, string>> {
    const selects = tables.map(
      (table) =>
        `select '${table}' as name, count(*) || ':' || coalesce(md5(string_agg(r, '|' order by r)), '') as content from (${rowsOf(table)}) rows`,
    )
    const rows = await this.query(selects.join(' union all '))
    return Object.fromEntries(rows.map((row) => [row.name, row.content]))
  }

  /** The number of rows in each table. */
  async counts(): Promise<Record<string, number>> {
    const selects = tables.map((table) => `select '${table}' as name, count(*)::int as count from "${table}"`)
    const rows = await this.query(selects.join(' union all '))
    return Object.fromEntries(rows.map((row) => [row.name, row.count]))
  }

  /** The actions of the audit entries of an account, oldest first. */
  async actsOn(accountId: string): Promise<string[]> {
    const rows = await this.query('select action from audit_entry where account_id = $1 order by at, id', [
      accountId,
    ])
    return rows.map((row) => row.action)
  }

  /** Sets the scopes of the next tokens of a session. */
  async setScope(sessionId: string, scope: string): Promise<void> {
    await this.query('update session set scope = $2 where id = $1', [sessionId, scope])
  }

  async close(): Promise<void> {
    await this.client.end()
  }
}
