// An audit entry: who did what to which account, when and from where. Never changed, never moved by a merge.
import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * For how long an act is worth keeping: `routine` is what clients do by themselves all day, `access` who came and went,
 * `change` what became of accounts, identities and the installation. Each has a setting.
 */
export type AuditKind = 'routine' | 'access' | 'change'

/** Every act that is audited, with its kind. */
export const auditKinds = {
  'account.provisioned': 'change',
  'account.became_person': 'change',
  'account.handle_set': 'change',
  'account.handle_released': 'change',
  'account.profile_updated': 'change',
  'account.suspended': 'change',
  'account.reinstated': 'change',
  'account.sessions_ended': 'change',
  'account.exported': 'access',
  'account.deletion_begun': 'change',
  'account.deletion_cancelled': 'change',
  'account.deleted': 'change',
  'account.purged': 'change',
  'account.merged': 'change',
  'account.unmerged': 'change',
  'identity.linked': 'change',
  'identity.unlinked': 'change',
  'identity.renamed': 'change',
  'device.registered': 'change',
  'device.removed': 'change',
  'password.set': 'change',
  'password.changed': 'change',
  'password_reset.begun': 'change',
  'password_reset.cancelled': 'change',
  'password_reset.done': 'change',
  'second_factor.begun': 'routine',
  'second_factor.added': 'change',
  'second_factor.removed': 'change',
  'recovery_codes.created': 'change',
  'recovery_code.used': 'change',
  'session.started': 'access',
  'session.refreshed': 'routine',
  'session.stepped_up': 'access',
  'session.ended': 'access',
  'session.revoked': 'access',
  'session.refresh_reused': 'access',
  'challenge.confirmed': 'access',
  'job.retried': 'change',
  'webhook.added': 'change',
  'webhook.changed': 'change',
  'webhook.removed': 'change',
  'webhook.secret_rotated': 'change',
  'webhook.disabled': 'change',
  'webhook.redelivered': 'change',
  'signing_key.added': 'change',
  'signing_key.removed': 'change',
} as const satisfies Readonly<Record<string, AuditKind>>

/** One act that is audited. */
export type AuditAction = keyof typeof auditKinds

/** The acts of a kind. */
export const actionsOf = (kind: AuditKind): readonly AuditAction[] =>
  // The keys of the table are its actions.
  (Object.keys(auditKinds) as AuditAction[]).filter((action) => auditKinds[action] === kind)

const AuditEntrySchema = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entry',
  indexes: [
    { name: 'audit_entry_account', properties: ['accountId', 'id'] },
    { name: 'audit_entry_action_at', properties: ['action', 'at'] },
    {
      name: 'audit_entry_acts_upon_others',
      properties: ['actorId', 'id'],
      where: 'actor_id is distinct from account_id',
    },
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
