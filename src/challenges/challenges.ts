// Where it is kept which challenges were spent.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { type Challenge, type ChallengeStatus, isExpired } from './challenge.js'
import { SpentChallenge } from './spent-challenge.js'

/** The spent challenges of the installation. */
export class Challenges {
  /** The row that spends a challenge. Its unique nonce is what lets one of many tries succeed; the others get `CHALLENGE_SPENT`. */
  spend(challenge: Challenge): Row {
    return rowOf(
      SpentChallenge,
      { nonce: challenge.nonce, expiresAt: challenge.expiresAt },
      () => new Failure('CHALLENGE_SPENT', undefined, { reason: `nonce ${challenge.nonce}` }),
    )
  }

  /** Where a challenge stands. */
  async statusOf(call: Call, challenge: Challenge): Promise<ChallengeStatus> {
    const spent = await call.em.count(SpentChallenge, { nonce: challenge.nonce })
    if (spent > 0) return 'SPENT'
    return isExpired(challenge, call.now) ? 'EXPIRED' : 'PENDING'
  }
}
