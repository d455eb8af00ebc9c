// The store of audit entries: inserted in the transaction of the change, never updated.
import { sessionIdOf } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { type FromChange, type Row, rowOf } from '../database/row.js'
import type { Random } from '../runtime/random.js'
import { type AuditAction, AuditEntry, type AuditKind, actionsOf } from './audit-entry.js'

const purge = {
  name: 'idem_audit_purge',
  text: `delete from audit_entry where id in (
      select id from audit_entry where action = any($1::text[]) and at < $2::timestamptz limit $3
      for update skip locked) returning id`,
}

/** An act, as a use case describes it. */
export interface AuditedAct {
  /** Given if another row refers to the entry; otherwise generated. */
  readonly id?: string
  readonly action: AuditAction
  readonly accountId: string | FromChange | null
  readonly actorId?: string | FromChange | null
  readonly sessionId?: string | null
  readonly detail?: Readonly<Record<string, unknown>>
}

/** What sees every act before it is written, and adds rows of its own to the same statement. */
export interface ActWitness {
  /** `sessionId` is that of the session in which the act is done. */
  rowsBeside(call: Call, act: AuditedAct, sessionId: string | null): readonly Row[]
}

/** Which entries have been kept long enough. */
export interface AuditPurge {
  readonly before: Date
  readonly limit: number
}

/** The audit log: entries are added, never changed, and purged when the time of their kind is over. */
export class AuditLog {
  /** `witness` is null where nobody is told of acts. */
  constructor(
    private readonly random: Random,
    private readonly witness: ActWitness | null = null,
  ) {}

  /** The row of an act. Actor and session are those of the caller's principal unless the act has its own. */
  row(call: Call, act: AuditedAct): Row {
    const { actorId = call.principal?.accountId ?? null, sessionId = sessionIdOf(call.principal) } = act
    const row = rowOf(AuditEntry, {
      id: act.id ?? this.random.uuid(),
      at: call.now,
      action: act.action,
      accountId: act.accountId,
      actorId,
      sessionId,
      requestId: call.requestId,
      address: call.source.address,
      detail: act.detail ?? {},
    })
    const beside = this.witness?.rowsBeside(call, act, sessionId) ?? []
    return beside.length === 0 ? row : { ...row, beside }
  }

  /** The entry with this id, or null. */
  async find(call: Call, id: string): Promise<AuditEntry | null> {
    return await call.em.findOne(AuditEntry, { id })
  }

  /** Inserts an act in the caller's transaction. */
  async append(call: Call, act: AuditedAct): Promise<void> {
    await call.write(this.row(call, act))
  }

  /** Deletes at most `limit` entries of a kind from before `before`; returns their number. */
  async purge(call: Call, kind: AuditKind, { before, limit }: AuditPurge): Promise<number> {
    return (await call.run(purge, [actionsOf(kind), before.toISOString(), limit])).length
  }
}
