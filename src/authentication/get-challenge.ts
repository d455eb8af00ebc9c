// Tells where a challenge stands, to whoever holds its id.
import type { ChallengeStatus } from '../challenges/challenge.js'
import type { Challenges } from '../challenges/challenges.js'
import type { SealedChallenges } from '../challenges/sealed-challenge.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { IssuedChallenge } from './issue-challenge.js'

/** What `getChallenge` works with. */
export interface GetChallengeRooms {
  readonly sealedChallenges: SealedChallenges
  readonly challenges: Challenges
}

/** The challenge and its status; `NOT_FOUND` when the id is none of ours. */
export const getChallenge = async (
  call: Call,
  id: string,
  rooms: GetChallengeRooms,
): Promise<IssuedChallenge & { readonly status: ChallengeStatus }> => {
  const challenge = await rooms.sealedChallenges.open(id)
  if (challenge === null) throw new Failure('NOT_FOUND', 'No such challenge.')
  return { id, challenge, status: await rooms.challenges.statusOf(call, challenge) }
}
