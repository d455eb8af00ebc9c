// A spent challenge: the only row of a sealed challenge, which makes it single-use.
import { defineEntity, p } from '@mikro-orm/postgresql'

const SpentChallengeSchema = defineEntity({
  name: 'SpentChallenge',
  tableName: 'spent_challenge',
  properties: {
    nonce: p.text().primary(),
    /** When the challenge expires; after that the row may be purged. */
    expiresAt: p.datetime().index('spent_challenge_expires_at'),
  },
})

/** The only row of a sealed challenge. */
export class SpentChallenge extends SpentChallengeSchema.class {}
SpentChallengeSchema.setClass(SpentChallenge)
