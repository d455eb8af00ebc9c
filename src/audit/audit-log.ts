// The store of audit entries: inserted in the transaction of the change, never updated.
import { sessionIdOf } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import { type FromChange, type Row, rowOf } from '../database/row.js'
import type { Random } from '../runtime/random.js'
import { type AuditAction, AuditEntry } from './audit-entry.js'

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

/** The audit log; entries are never updated. */
export class AuditLog {
  constructor(private readonly random: Random) {}

  /** The row of an act. Actor and session are those of the caller's principal unless the act has its own. */
  row(call: Call, act: AuditedAct): Row {
    const { actorId = call.principal?.accountId ?? null, sessionId = sessionIdOf(call.principal) } = act
    return rowOf(AuditEntry, {
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
  }

  /** The entry with this id, or null. */
  async find(call: Call, id: string): Promise<AuditEntry | null> {
    return await call.em.findOne(AuditEntry, { id })
  }

  /** Inserts an act in the caller's transaction. */
  async append(call: Call, act: AuditedAct): Promise<void> {
    await call.write(this.row(call, act))
  }
}
