// Confirms the link of a mail with the match code that the asking device shows.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { readMatchCode } from './held-secrets.js'
import { type ConfirmationView, type ShowConfirmationNeeds, showConfirmation } from './show-confirmation.js'

/** The form of a link's page. */
export interface ConfirmationAnswer {
  readonly token: string
  readonly matchCode: string
}

/** What `confirmChallenge` works with. */
export interface ConfirmChallengeNeeds extends ShowConfirmationNeeds {
  readonly auditLog: AuditLog
}

/**
 * Tries a match code and returns the state of the link; null if we did not issue the token. After three wrong codes the
 * link is useless; a malformed code does not count.
 */
export const confirmChallenge = async (
  call: Call,
  answer: ConfirmationAnswer,
  needs: ConfirmChallengeNeeds,
): Promise<ConfirmationView | null> => {
  // 1 the link must be open
  const before = await showConfirmation(call, answer.token, needs)
  const id = needs.heldSecrets.idOfConfirmationToken(answer.token)
  if (before === null || id === null || before.state !== 'open') return before
  if (readMatchCode(answer.matchCode) === null) return { ...before, state: 'no_match_code' }
  // 2 count the try, in a statement of its own, so that of any number of concurrent tries three are compared
  const counted = await needs.heldChallenges.countMatchCodeTry(call, id)
  if (counted === null) return await showConfirmation(call, answer.token, needs)
  // 3 compare
  if (!needs.heldSecrets.isMatchCode(id, answer.matchCode)) {
    const after = await showConfirmation(call, answer.token, needs)
    return after && (after.state === 'open' ? { ...after, state: 'wrong_match_code' } : after)
  }
  // 4 confirm, unless the code was used meanwhile
  const audit = needs.auditLog.row(call, {
    action: 'challenge.confirmed',
    accountId: null,
    detail: { challengeId: id },
  })
  await needs.heldChallenges.confirm(call, id, audit)
  return await showConfirmation(call, answer.token, needs)
}
