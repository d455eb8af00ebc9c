// A spent challenge: the only row of a sealed challenge or a login code, which makes it single-use.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'

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

/** The row that spends a nonce until it has expired. Refused with `CHALLENGE_SPENT` if it is spent already. */
export const spentRow = ({ nonce, expiresAt }: Pick<SpentChallenge, 'nonce' | 'expiresAt'>): Row =>
  rowOf(
    SpentChallenge,
    { nonce, expiresAt },
    { spent_challenge_pkey: () => new Failure('CHALLENGE_SPENT', undefined, { reason: `nonce ${nonce}` }) },
  )
