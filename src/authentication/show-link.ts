// Shows what the link of a mail would confirm, to whoever opens it. Changes nothing: mail scanners open links.

import type { ChallengePurpose } from '../challenges/challenge.js'
import { isExpired, mostCodeAttempts, mostLinkAttempts } from '../challenges/challenge.js'
import type { HeldChallengeFacts, HeldChallenges } from '../challenges/held-challenges.js'
import type { HeldSecrets } from '../challenges/held-secrets.js'
import type { Call } from '../database/call.js'

/** Where a link stands. */
export type LinkState = 'open' | 'wrong_match_code' | 'confirmed' | 'burnt' | 'spent' | 'expired'

/** What the page of a link shows. */
export interface LinkView {
  readonly state: LinkState
  readonly purpose: ChallengePurpose
  readonly emailAddress: string
  /** What to call the account that confirming acts upon; null for a sign-in. */
  readonly accountName: string | null
  /** The user agent that asked, or null. */
  readonly device: string | null
  /** The network address that asked. */
  readonly sourceAddress: string
  readonly askedAt: Date
  /** How many match codes may still be tried. */
  readonly triesLeft: number
}

/** What `showLink` works with. */
export interface ShowLinkRooms {
  readonly heldChallenges: HeldChallenges
  readonly heldSecrets: HeldSecrets
}

/** The challenge behind a link's token as its page shows it; null when the token is none of ours. */
export const showLink = async (call: Call, token: string, rooms: ShowLinkRooms): Promise<LinkView | null> => {
  const id = rooms.heldSecrets.idOfLinkToken(token)
  const facts = id === null ? null : await rooms.heldChallenges.read(call, id)
  return facts && viewOf(facts, stateOf(facts, call.now))
}

const stateOf = (facts: HeldChallengeFacts, now: Date): LinkState => {
  if (facts.isSpent || facts.attempts >= mostCodeAttempts) return 'spent'
  if (isExpired(facts, now)) return 'expired'
  if (facts.confirmedAt !== null) return 'confirmed'
  return facts.linkAttempts >= mostLinkAttempts ? 'burnt' : 'open'
}

const viewOf = (facts: HeldChallengeFacts, state: LinkState): LinkView => ({
  state,
  purpose: facts.purpose,
  emailAddress: facts.subject,
  accountName: facts.accountName,
  device: facts.device,
  sourceAddress: facts.sourceAddress,
  askedAt: facts.createdAt,
  triesLeft: Math.max(0, mostLinkAttempts - facts.linkAttempts),
})
