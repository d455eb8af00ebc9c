// Shows what the link of a mail would confirm. Changes nothing, because mail scanners open links.

import type { Call } from '../database/call.js'
import { isExpired, type MailedAct, mailedActOf, mostCodeAttempts, mostMatchCodeTries } from './challenge.js'
import type { HeldChallengeFacts, HeldChallenges } from './held-challenges.js'
import type { HeldSecrets } from './held-secrets.js'

/** The state of a link; `no_match_code` is open, and the given match code is malformed. */
export type ConfirmationState =
  | 'open'
  | 'no_match_code'
  | 'wrong_match_code'
  | 'confirmed'
  | 'burnt'
  | 'spent'
  | 'expired'

/** The content of a link's page. */
export interface ConfirmationView {
  readonly state: ConfirmationState
  readonly act: MailedAct
  readonly emailAddress: string
  /** The name of the account that the confirmation acts upon; null for a sign-in. */
  readonly accountName: string | null
  /** The user agent of the asker, or null. */
  readonly device: string | null
  /** The network address of the asker. */
  readonly sourceAddress: string
  readonly askedAt: Date
  /** The number of remaining tries of a match code. */
  readonly triesLeft: number
}

/** What `showConfirmation` works with. */
export interface ShowConfirmationNeeds {
  readonly heldChallenges: HeldChallenges
  readonly heldSecrets: HeldSecrets
}

/** The content of the page for a link's token; null if we did not issue it. */
export const showConfirmation = async (
  call: Call,
  token: string,
  needs: ShowConfirmationNeeds,
): Promise<ConfirmationView | null> => {
  const id = needs.heldSecrets.idOfConfirmationToken(token)
  const facts = id === null ? null : await needs.heldChallenges.read(call, id)
  const act = facts && mailedActOf(facts)
  return facts === null || act === null ? null : viewOf(facts, act, stateOf(facts, call.now))
}

const stateOf = (facts: HeldChallengeFacts, now: Date): ConfirmationState => {
  if (facts.isSpent || facts.tries >= mostCodeAttempts) return 'spent'
  if (isExpired(facts, now)) return 'expired'
  if (facts.confirmedAt !== null) return 'confirmed'
  return facts.matchCodeTries >= mostMatchCodeTries ? 'burnt' : 'open'
}

const viewOf = (facts: HeldChallengeFacts, act: MailedAct, state: ConfirmationState): ConfirmationView => ({
  state,
  act,
  emailAddress: facts.mailTo ?? '',
  accountName: facts.accountName,
  device: facts.device,
  sourceAddress: facts.sourceAddress,
  askedAt: facts.createdAt,
  triesLeft: Math.max(0, mostMatchCodeTries - facts.matchCodeTries),
})
