// An owner changes the label of an identity.
import type { AuditLog } from '../audit/audit-log.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { parseShownText } from '../text/shown-text.js'
import type { Identities } from './identities.js'
import type { Identity } from './identity.js'

/** What `renameIdentity` works with. */
export interface RenameIdentityNeeds {
  readonly identities: Identities
  readonly auditLog: AuditLog
}

/** An identity by its id, and its new label; null or an empty one for none. */
export interface NewLabel {
  readonly id: string
  readonly label: string | null
}

/**
 * Changes the label of an identity of the caller's account; the same label writes nothing. `BAD_USER_INPUT` for a label
 * that is no line of text, `NOT_FOUND` if the identity is not the caller's.
 */
export const renameIdentity = async (
  call: Call,
  { id, label: typed }: NewLabel,
  needs: RenameIdentityNeeds,
): Promise<Identity> => {
  const { accountId } = requirePrincipal(call.principal)
  const label = parseShownText(typed, 'label')
  const audit = needs.auditLog.row(call, {
    action: 'identity.renamed',
    accountId,
    detail: { identityId: id },
  })
  await needs.identities.rename(call, { id, accountId, label }, audit)
  const renamed = (await needs.identities.listOf(call, accountId)).find((identity) => identity.id === id)
  if (renamed === undefined)
    throw new Failure('NOT_FOUND', 'No such identity.', { reason: 'no identity of the account' })
  return renamed
}
