// Confirms the link of a mail: whoever opened it names the match code that the device which asked shows.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { readMatchCode } from './held-secrets.js'
import { type ConfirmationView, type ShowConfirmationNeeds, showConfirmation } from './show-confirmation.js'

/** What the page of a link posts. */
export interface ConfirmationAnswer {
  readonly token: string
  readonly matchCode: string
}

/** What `confirmChallenge` works with. */
export interface ConfirmChallengeNeeds extends ShowConfirmationNeeds {
  readonly auditLog: AuditLog
}

/**
 * Tries a match code and tells where the link stands then; null when the token is none of ours. Three wrong ones burn it;
 * what is no match code is no try.
 */
export const confirmChallenge = async (
  call: Call,
  answer: ConfirmationAnswer,
  needs: ConfirmChallengeNeeds,
): Promise<ConfirmationView | null> => {
  // 1 only an open link is worth a try
  const before = await showConfirmation(call, answer.token, needs)
  const id = needs.heldSecrets.idOfConfirmationToken(answer.token)
  if (before === null || id === null || before.state !== 'open') return before
  if (readMatchCode(answer.matchCode) === null) return { ...before, state: 'no_match_code' }
  // 2 count the try, in a statement of its own: however many are made at once, three are looked at
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
