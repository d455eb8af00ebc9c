// Shows what the link of a mail would confirm, to whoever opens it. Changes nothing: mail scanners open links.

import type { Call } from '../database/call.js'
import type { ChallengePurpose } from './challenge.js'
import { isExpired, mostCodeAttempts, mostMatchCodeTries } from './challenge.js'
import type { HeldChallengeFacts, HeldChallenges } from './held-challenges.js'
import type { HeldSecrets } from './held-secrets.js'

/** Where a link stands; `no_match_code` is open, and what was given could not be a match code. */
export type ConfirmationState =
  | 'open'
  | 'no_match_code'
  | 'wrong_match_code'
  | 'confirmed'
  | 'burnt'
  | 'spent'
  | 'expired'

/** What the page of a link shows. */
export interface ConfirmationView {
  readonly state: ConfirmationState
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

/** What `showConfirmation` works with. */
export interface ShowConfirmationNeeds {
  readonly heldChallenges: HeldChallenges
  readonly heldSecrets: HeldSecrets
}

/** The challenge behind a link's token as its page shows it; null when the token is none of ours. */
export const showConfirmation = async (
  call: Call,
  token: string,
  needs: ShowConfirmationNeeds,
): Promise<ConfirmationView | null> => {
  const id = needs.heldSecrets.idOfConfirmationToken(token)
  const facts = id === null ? null : await needs.heldChallenges.read(call, id)
  return facts && viewOf(facts, stateOf(facts, call.now))
}

const stateOf = (facts: HeldChallengeFacts, now: Date): ConfirmationState => {
  if (facts.isSpent || facts.tries >= mostCodeAttempts) return 'spent'
  if (isExpired(facts, now)) return 'expired'
  if (facts.confirmedAt !== null) return 'confirmed'
  return facts.matchCodeTries >= mostMatchCodeTries ? 'burnt' : 'open'
}

const viewOf = (facts: HeldChallengeFacts, state: ConfirmationState): ConfirmationView => ({
  state,
  purpose: facts.purpose,
  emailAddress: facts.mailTo ?? '',
  accountName: facts.accountName,
  device: facts.device,
  sourceAddress: facts.sourceAddress,
  askedAt: facts.createdAt,
  triesLeft: Math.max(0, mostMatchCodeTries - facts.matchCodeTries),
})
