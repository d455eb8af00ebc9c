// Returns the state of a challenge to the holder of its id.
import type { Challenges } from '../challenges/challenges.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { type ListAnsweringMethodsNeeds, listAnsweringMethods } from './list-answering-methods.js'
import { type StandingChallenge, secondsUntil } from './standing-challenge.js'

/** What `getChallenge` works with. */
export interface GetChallengeNeeds extends ListAnsweringMethodsNeeds {
  readonly challenges: Challenges
}

const noMail = { mailState: null, mailRetryAt: null }

/** The challenge and its state; `NOT_FOUND` for an unknown id. */
export const getChallenge = async (
  call: Call,
  id: string,
  needs: GetChallengeNeeds,
): Promise<StandingChallenge> => {
  const found = await needs.challenges.find(call, id)
  if (found === null) throw new Failure('NOT_FOUND', 'No such challenge.')
  const { mailState, mailRetryAt } = found.kind === 'held' ? found.facts : noMail
  const status = await needs.challenges.statusOf(call, found)
  return {
    id,
    challenge: found.challenge,
    methods: await listAnsweringMethods(call, found.challenge, needs),
    status,
    mailState,
    retryAfterSeconds: secondsUntil(call.now, mailRetryAt),
  }
}
