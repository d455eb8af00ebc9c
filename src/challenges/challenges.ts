// The challenges of the installation, sealed and held: found by the id that their asker gives, and spent once.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { type Challenge, type ChallengeStatus, isExpired, mostCodeAttempts } from './challenge.js'
import { type HeldChallengeFacts, type HeldChallenges, hashOf } from './held-challenges.js'
import { isHeldId, subjectMarkOf } from './held-id.js'
import type { SealedChallenges } from './sealed-challenge.js'
import { SpentChallenge } from './spent-challenge.js'

/** What an id names before the database is asked. `challenge` is null where the id is none of ours. */
export type NamedChallenge =
  | { readonly kind: 'sealed'; readonly challenge: Challenge | null }
  | { readonly kind: 'held'; readonly idHash: string; readonly subjectMark: string }

/** A challenge as its id led to it. */
export type OpenedChallenge =
  | { readonly kind: 'sealed'; readonly challenge: Challenge }
  | {
      readonly kind: 'held'
      readonly challenge: Challenge
      readonly facts: HeldChallengeFacts
    }

const challengeOf = (facts: HeldChallengeFacts): Challenge => ({
  nonce: facts.id,
  method: facts.method,
  purpose: facts.purpose,
  sessionId: facts.sessionId,
  accountId: facts.accountId,
  firstFactor: facts.firstFactor,
  subject: facts.subject,
  handle: facts.handle,
  message: facts.message,
  state: facts.state,
  confirmed: facts.confirmedAt !== null,
  expiresAt: facts.expiresAt,
})

/** True once its code was tried too often. */
const isBurnt = (facts: HeldChallengeFacts): boolean => facts.tries >= mostCodeAttempts

const burnt = (id: string): Failure =>
  new Failure('CHALLENGE_SPENT', 'Too many wrong codes. Ask for a new one.', {
    reason: `all tries of challenge ${id} are used`,
  })

const purgeSpent = {
  name: 'idem_spent_purge',
  text: `delete from spent_challenge where nonce in (
      select nonce from spent_challenge where expires_at < $1::timestamptz limit $2 for update skip locked)
    returning nonce`,
}

/** Every challenge, wherever it is kept. */
export class Challenges {
  constructor(
    private readonly sealed: SealedChallenges,
    private readonly held: HeldChallenges,
  ) {}

  /** What an id names, by its form alone: a sealed challenge is opened, one that we hold is not looked for yet. */
  async name(id: string): Promise<NamedChallenge> {
    if (isHeldId(id)) return { kind: 'held', idHash: hashOf(id), subjectMark: subjectMarkOf(id) }
    return { kind: 'sealed', challenge: await this.sealed.open(id) }
  }

  /** The challenge that its asker names so, or null when it is none of ours. */
  async open(call: Call, named: NamedChallenge): Promise<OpenedChallenge | null> {
    if (named.kind === 'sealed') return named.challenge && { kind: 'sealed', challenge: named.challenge }
    const facts = await this.held.find(call, named.idHash)
    return facts && { kind: 'held', facts, challenge: challengeOf(facts) }
  }

  /** The challenge with this id, or null when it is none of ours. */
  async find(call: Call, id: string): Promise<OpenedChallenge | null> {
    return await this.open(call, await this.name(id))
  }

  /** Refuses with `CHALLENGE_SPENT` a held challenge that was answered, or whose code was tried too often. */
  refuseSpent(found: OpenedChallenge): void {
    if (found.kind === 'sealed') return
    const { id, isSpent } = found.facts
    if (isSpent) throw new Failure('CHALLENGE_SPENT', undefined, { reason: `challenge ${id}` })
    if (isBurnt(found.facts)) throw burnt(id)
  }

  /**
   * Counts one try to guess the answer of a held challenge, before it is compared and in a statement of its own: of any
   * number at once only as many are compared as there are tries. Throws `CHALLENGE_SPENT` when none is left.
   */
  async countGuess(call: Call, found: OpenedChallenge): Promise<void> {
    if (found.kind === 'sealed') return
    const { id } = found.facts
    if (!(await this.held.countTry(call, id))) throw burnt(id)
  }

  /** The row that spends a challenge. Its unique nonce is what lets one of many tries succeed; the others get `CHALLENGE_SPENT`. */
  spend(challenge: Challenge): Row {
    const { nonce, expiresAt } = challenge
    return rowOf(
      SpentChallenge,
      { nonce, expiresAt },
      {
        spent_challenge_pkey: () => new Failure('CHALLENGE_SPENT', undefined, { reason: `nonce ${nonce}` }),
      },
    )
  }

  /** Where a challenge stands. */
  async statusOf(call: Call, found: OpenedChallenge): Promise<ChallengeStatus> {
    const { challenge } = found
    const isSpent =
      found.kind === 'held'
        ? found.facts.isSpent || isBurnt(found.facts)
        : (await call.em.count(SpentChallenge, { nonce: challenge.nonce })) > 0
    if (isSpent) return 'SPENT'
    if (isExpired(challenge, call.now)) return 'EXPIRED'
    return challenge.confirmed ? 'CONFIRMED' : 'PENDING'
  }

  /** Removes at most `limit` traces of challenges that expired before `expiredBefore`; returns their number. */
  async purgeSpent(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    return (await call.run(purgeSpent, [expiredBefore, limit])).length
  }
}
