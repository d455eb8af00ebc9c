// Email challenges: a mail is asked for, and answered by its code or by the link that it carries.

import type { Answer, ChallengePurpose } from './proof.js'
import type { Transport } from './transport.js'

/** Where a challenge stands. `CONFIRMED` can be answered without a code; `SPENT` and `EXPIRED` are its end. */
export type ChallengeStatus = 'PENDING' | 'CONFIRMED' | 'SPENT' | 'EXPIRED'

/** Where its mail stands; `REFUSED` will not be sent. */
export type DeliveryState = 'QUEUED' | 'SENT' | 'DEFERRED' | 'REFUSED'

/** A challenge as whoever asked for it sees it. Whoever else holds its id can answer it too. */
export interface ChallengeState {
  readonly id: string
  readonly method: string
  readonly purpose: ChallengePurpose
  readonly status: ChallengeStatus
  /** To be shown to whoever asked: the page behind the link asks for it. */
  readonly matchCode: string | null
  readonly delivery: DeliveryState | null
  /** In ISO 8601, by the server's clock. */
  readonly expiresAt: string
  /** A server in development that believes everybody: no mail needs to be waited for. */
  readonly authenticationDisabled: boolean
}

/** A mail's code may be tried so often; then its challenge is spent. */
export const mostCodeAttempts = 5

const challengeFields = 'id method purpose status matchCode delivery expiresAt authenticationDisabled'

/** Asks for a mail with a code and a link. `BAD_USER_INPUT` when this is no email address. */
export const requestMail = async (
  transport: Transport,
  request: { readonly address: string; readonly purpose: ChallengePurpose },
): Promise<ChallengeState> => {
  const document = `mutation RequestMail($address: String!, $purpose: ChallengePurpose!) {
    issueChallenge(input: { email: { address: $address } }, purpose: $purpose) { ${challengeFields} }
  }`
  const data = await transport.send<{ issueChallenge: ChallengeState }>({ document, variables: request })
  return data.issueChallenge
}

/** Where a challenge stands now. `NOT_FOUND` when there is none of that id. */
export const fetchChallenge = async (transport: Transport, id: string): Promise<ChallengeState> => {
  const document = `query Challenge($id: ID!) { challenge(id: $id) { ${challengeFields} } }`
  const data = await transport.send<{ challenge: ChallengeState }>({ document, variables: { id } })
  return data.challenge
}

/** The answer of whoever has read the mail; capitals, spaces and hyphens do not matter. */
export const answerWithCode = (challengeId: string, code: string): Answer => ({
  challengeId,
  proof: { email: { code } },
})

/** The answer once the challenge is `CONFIRMED`: whoever has read the mail pressed the button behind its link. */
export const answerConfirmed = (challengeId: string): Answer => ({ challengeId, proof: { email: {} } })
