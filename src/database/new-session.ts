// What is set in a new session of the database.
import type { ClientBase } from 'pg'

/** Time limits, by PostgreSQL's names, in milliseconds; 0 is none, also where the role or the database has one. */
export interface SessionLimits {
  readonly statement_timeout?: number
  readonly lock_timeout?: number
  readonly idle_in_transaction_session_timeout?: number
  /** Since PostgreSQL 17. */
  readonly transaction_timeout?: number
}

/** Settings of a session, by PostgreSQL's names. */
export interface SessionSettings extends SessionLimits {
  /** The schema in which names without one are looked up; never the role's own path. */
  readonly search_path: string
}

/** No time limits, for what may take as long as it takes: waiting for others that migrate, and migrating. */
export const unlimited: Required<SessionLimits> = {
  statement_timeout: 0,
  lock_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  transaction_timeout: 0,
}

/** Leaves out what this version of PostgreSQL does not know. The last parameter is whether it is for the transaction. */
const set = `select set_config(name, value, $3) from unnest($1::text[], $2::text[]) as setting (name, value)
  where current_setting(name, true) is not null`

/** Sets up a session, until its end or that of its transaction. */
export const setUp = async (
  client: ClientBase,
  settings: Partial<SessionSettings>,
  until: 'session' | 'transaction',
): Promise<void> => {
  const values = Object.values(settings).map(String)
  await client.query(set, [Object.keys(settings), values, until === 'transaction'])
}

/**
 * Sets up new sessions, for `onConnect` of a pool. By a statement, because poolers refuse start-up parameters that they
 * do not know, such as `options` and `statement_timeout`.
 */
export const sessionStarter =
  (settings: SessionSettings) =>
  async (client: ClientBase): Promise<void> =>
    await setUp(client, settings, 'session')
