// Email challenges: requests a mail, and answers it with its code or its confirmed link.

import type { Answer, ChallengePurpose } from './proof.js'
import type { Transport } from './transport.js'

/** The state of a challenge. `CONFIRMED` can be answered without a code; `SPENT` and `EXPIRED` are final. */
export type ChallengeStatus = 'PENDING' | 'CONFIRMED' | 'SPENT' | 'EXPIRED'

/** The state of its mail; `REFUSED` is final. */
export type DeliveryState = 'QUEUED' | 'SENT' | 'DEFERRED' | 'REFUSED'

/** A challenge as its asker sees it. The id must be kept secret, because everyone who knows it can answer. */
export interface ChallengeState {
  readonly id: string
  readonly method: string
  readonly purpose: ChallengePurpose
  /** The methods whose proofs may answer it. */
  readonly methods: readonly string[]
  readonly status: ChallengeStatus
  /** To be shown to the user, because the page of the link asks for it. */
  readonly matchCode: string | null
  readonly delivery: DeliveryState | null
  /** The seconds after which another request for a mail makes sense; null without a mail. */
  readonly retryAfterSeconds: number | null
  /** In ISO 8601, by the server's clock. */
  readonly expiresAt: string
  /** True for a development server without authentication: no mail is needed. */
  readonly authenticationDisabled: boolean
}

/** Number of tries of a code; after them the challenge is spent. */
export const mostCodeAttempts = 5

/** The fields of a `ChallengeState`. */
export const challengeFields =
  'id method methods purpose status matchCode delivery retryAfterSeconds expiresAt authenticationDisabled'

/** Requests a mail with a code and a link. `BAD_USER_INPUT` for an invalid address. */
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

/** The current state of a challenge. `NOT_FOUND` if there is none with this id. */
export const fetchChallenge = async (transport: Transport, id: string): Promise<ChallengeState> => {
  const document = `query Challenge($id: ID!) { challenge(id: $id) { ${challengeFields} } }`
  const data = await transport.send<{ challenge: ChallengeState }>({ document, variables: { id } })
  return data.challenge
}

/** The answer with a code; case, spaces and hyphens are ignored. */
export const answerWithCode = (challengeId: string, code: string): Answer => ({
  challengeId,
  proof: { email: { code } },
})

/** The answer without a code, for a challenge that is `CONFIRMED`. */
export const answerConfirmed = (challengeId: string): Answer => ({ challengeId, proof: { email: {} } })
