// A spent challenge: the one trace that a sealed challenge leaves, so that it is answered once.
import { defineEntity, p } from '@mikro-orm/postgresql'

const SpentChallengeSchema = defineEntity({
  name: 'SpentChallenge',
  tableName: 'spent_challenge',
  properties: {
    nonce: p.text().primary(),
    /** When the challenge would have run out anyway; the row may be purged after that. */
    expiresAt: p.datetime().index('spent_challenge_expires_at'),
  },
})

/** The one trace that a sealed challenge leaves. */
export class SpentChallenge extends SpentChallengeSchema.class {}
SpentChallengeSchema.setClass(SpentChallenge)
