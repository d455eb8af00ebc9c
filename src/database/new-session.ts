// What is set in a new session of the database.
import type { ClientBase } from 'pg'

/** Settings of a session, by PostgreSQL's names; times in milliseconds. */
export interface SessionSettings {
  /** The schema in which names without one are looked up; never the role's own path. */
  readonly search_path: string
  readonly statement_timeout?: number
  readonly idle_in_transaction_session_timeout?: number
}

/**
 * Sets up new sessions, for `onConnect` of a pool. By statements, because poolers refuse start-up parameters that they
 * do not know, such as `options` and `statement_timeout`.
 */
export const sessionStarter =
  (settings: SessionSettings) =>
  async (client: ClientBase): Promise<void> => {
    const entries = Object.entries(settings)
    const calls = entries.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`)
    await client.query(
      `select ${calls.join(', ')}`,
      entries.flatMap(([name, value]) => [name, String(value)]),
    )
  }
