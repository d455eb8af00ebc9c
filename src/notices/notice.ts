// A notice: a mail that tells an account's owner of an act upon it. Which acts, and whether it can be turned off.
import type { AuditAction } from '../audit/audit-entry.js'
import type { TemplateName } from '../mail/templates.js'

/** How an act is told. */
export interface Notice {
  readonly template: TemplateName
  /** What protects the account is always told; the rest only while its owner wants to hear of it. */
  readonly protects: boolean
}

/** The acts that are told. A new one is a line here, and `announceAct` where the act is done. */
export const noticeOf: Partial<Readonly<Record<AuditAction, Notice>>> = {
  'session.started': { template: 'new-sign-in', protects: false },
  'identity.linked': { template: 'identity-linked', protects: true },
  'identity.unlinked': { template: 'identity-unlinked', protects: true },
  'account.suspended': { template: 'account-suspended', protects: true },
  'account.reinstated': { template: 'account-reinstated', protects: true },
}
