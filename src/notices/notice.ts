// A notice: a mail that informs an account's owner of an act. The list of those acts, and which can be turned off.
import type { AuditAction } from '../audit/audit-entry.js'
import type { TemplateName } from '../mail/templates.js'

/** The notice of an act. */
export interface Notice {
  readonly template: TemplateName
  /** True if the owner cannot turn it off, because it protects the account. */
  readonly protects: boolean
}

/** The acts with a notice. A new one is a line here, and `announceAct` in the use case. */
export const noticeOf: Partial<Readonly<Record<AuditAction, Notice>>> = {
  'session.started': { template: 'new-sign-in', protects: false },
  'identity.linked': { template: 'identity-linked', protects: true },
  'identity.unlinked': { template: 'identity-unlinked', protects: true },
  'device.registered': { template: 'device-registered', protects: true },
  'device.removed': { template: 'device-removed', protects: true },
  'password.set': { template: 'password-set', protects: true },
  'password.changed': { template: 'password-changed', protects: true },
  'password_reset.begun': { template: 'password-reset-begun', protects: true },
  'password_reset.cancelled': { template: 'password-reset-cancelled', protects: true },
  'password_reset.done': { template: 'password-reset-done', protects: true },
  'second_factor.added': { template: 'second-factor-added', protects: true },
  'second_factor.removed': { template: 'second-factor-removed', protects: true },
  'recovery_codes.created': { template: 'recovery-codes-created', protects: true },
  'recovery_code.used': { template: 'recovery-code-used', protects: true },
  'account.suspended': { template: 'account-suspended', protects: true },
  'account.reinstated': { template: 'account-reinstated', protects: true },
  'account.merged': { template: 'account-merged', protects: true },
  'account.unmerged': { template: 'account-unmerged', protects: true },
  'account.deletion_begun': { template: 'account-deletion-begun', protects: true },
  'account.deletion_cancelled': { template: 'account-deletion-cancelled', protects: true },
  'account.deleted': { template: 'account-deleted', protects: true },
  // Of the installation, so the operators read it.
  'webhook.disabled': { template: 'webhook-disabled', protects: true },
}
