// The store of failed proofs: their number is kept with the identity until a valid proof.
import type { Call } from '../database/call.js'
import type { ProvenIdentity } from './identity.js'

/**
 * Inserts no row for an unknown identity, so that strangers cannot make the table grow. Writes a message into the
 * write-ahead log instead, so that the commit is flushed in both cases: the flush takes milliseconds, and its absence
 * would disclose which addresses are unknown.
 */
const note = {
  name: 'idem_identity_failed',
  text: `with noted as (
      update identity set failed_proofs = failed_proofs + 1, last_failed_at = $4::timestamptz
      where method = $1 and issuer = $2 and subject = $3 returning id)
    select id from noted union all
    select null from pg_logical_emit_message(true, 'idem', '') where not exists (select 1 from noted)`,
}

const noteInSession = {
  name: 'idem_identity_failed_in_session',
  text: `update identity set failed_proofs = failed_proofs + 1, last_failed_at = $2::timestamptz
    where id = (select identity_id from session where id = $1::uuid) returning id`,
}

const count = {
  name: 'idem_identity_failures',
  text: `select account_id as "accountId", sum(failed_proofs)::int as failed from identity
    where account_id = any($1::uuid[]) and failed_proofs > 0 group by account_id`,
}

/** The failed proofs of identities. */
export class FailedProofs {
  /** Counts a failed proof of an identity; returns its id, or null if there is no such identity. */
  async note(call: Call, { method, issuer, subject }: ProvenIdentity): Promise<string | null> {
    const [row] = await call.run<{ id: string | null }>(note, [method, issuer, subject, call.now])
    return row?.id ?? null
  }

  /** Counts a failed second factor for the identity that opened the session in which it was tried; its id, or null. */
  async noteInSession(call: Call, sessionId: string): Promise<string | null> {
    const [row] = await call.run<{ id: string }>(noteInSession, [sessionId, call.now])
    return row?.id ?? null
  }

  /** The number of failed proofs since the last valid ones, by account. Accounts without failures are omitted. */
  async count(call: Call, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await call.run<{ accountId: string; failed: number }>(count, [accountIds])
    return new Map(rows.map(({ accountId, failed }) => [accountId, failed]))
  }
}
