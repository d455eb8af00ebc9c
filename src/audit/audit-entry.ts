// An audit entry: who did what to which account, when and from where. Never changed, never moved by a merge.
import { defineEntity, p } from '@mikro-orm/postgresql'

/** Every act that is audited. */
export type AuditAction =
  | 'account.provisioned'
  | 'account.became_person'
  | 'account.handle_set'
  | 'identity.linked'
  | 'identity.unlinked'
  | 'session.started'
  | 'session.refreshed'
  | 'session.stepped_up'
  | 'session.ended'
  | 'session.revoked'
  | 'session.refresh_reused'
  | 'account.profile_updated'
  | 'account.suspended'
  | 'account.reinstated'
  | 'account.sessions_ended'
  | 'account.purged'
  | 'challenge.confirmed'
  | 'job.retried'
  | 'signing_key.added'
  | 'signing_key.removed'

const AuditEntrySchema = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entry',
  indexes: [
    { name: 'audit_entry_account', properties: ['accountId', 'id'] },
    { name: 'audit_entry_action_at', properties: ['action', 'at'] },
  ],
  properties: {
    id: p.uuid().primary(),
    at: p.datetime(),
    action: p.text().$type<AuditAction>(),
    /** The account that was acted upon; null for acts upon the installation. */
    accountId: p.uuid().strictNullable(),
    /** The account that acted; null if nobody was signed in. */
    actorId: p.uuid().strictNullable(),
    sessionId: p.uuid().strictNullable(),
    requestId: p.text(),
    address: p.text(),
    /** Facts of the act: ids and names, never a secret. */
    detail: p.json<Readonly<Record<string, unknown>>>(),
  },
})

/** Who did what to which account, when and from where. */
export class AuditEntry extends AuditEntrySchema.class {}
AuditEntrySchema.setClass(AuditEntry)
