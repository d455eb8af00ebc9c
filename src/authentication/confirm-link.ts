// Confirms the link of a mail: whoever opened it names the match code that the device which asked shows.
import type { AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import { type LinkView, type ShowLinkRooms, showLink } from './show-link.js'

/** What the page of a link posts. */
export interface LinkAnswer {
  readonly token: string
  readonly matchCode: string
}

/** What `confirmLink` works with. */
export interface ConfirmLinkRooms extends ShowLinkRooms {
  readonly auditLog: AuditLog
}

/** Tries a match code and tells where the link stands then; null when the token is none of ours. Three wrong ones burn it. */
export const confirmLink = async (
  call: Call,
  answer: LinkAnswer,
  rooms: ConfirmLinkRooms,
): Promise<LinkView | null> => {
  // 1 only an open link is worth a try
  const before = await showLink(call, answer.token, rooms)
  const id = rooms.heldSecrets.idOfLinkToken(answer.token)
  if (before === null || id === null || before.state !== 'open') return before
  // 2 count the try, in a statement of its own: however many are made at once, three are looked at
  const counted = await rooms.heldChallenges.countLinkAttempt(call, id)
  if (counted === null) return await showLink(call, answer.token, rooms)
  // 3 compare
  if (!rooms.heldSecrets.isMatchCode(id, answer.matchCode)) {
    const after = await showLink(call, answer.token, rooms)
    return after && (after.state === 'open' ? { ...after, state: 'wrong_match_code' } : after)
  }
  // 4 confirm, unless the code was used meanwhile
  const audit = rooms.auditLog.row(call, {
    action: 'challenge.confirmed',
    accountId: null,
    detail: { challengeId: id },
  })
  await rooms.heldChallenges.confirm(call, id, audit)
  return await showLink(call, answer.token, rooms)
}
