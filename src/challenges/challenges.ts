// The challenges of the installation, sealed and held: finds them by the asker's id, and spends them once.
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import { Failure } from '../failure.js'
import { type Challenge, type ChallengeStatus, isExpired, mostCodeAttempts } from './challenge.js'
import { type HeldChallengeFacts, type HeldChallenges, hashOf } from './held-challenges.js'
import { isHeldId, subjectMarkOf } from './held-id.js'
import type { SealedChallenges } from './sealed-challenge.js'
import { SpentChallenge, spentRow } from './spent-challenge.js'

/** What is known of an id without a query. `challenge` is null if we did not issue it. */
export type NamedChallenge =
  | { readonly kind: 'sealed'; readonly challenge: Challenge | null }
  | { readonly kind: 'held'; readonly idHash: string; readonly subjectMark: string }

/** A challenge that was found by its id. */
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

/** True once no tries of its code are left. */
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

/** All challenges, sealed and held. */
export class Challenges {
  constructor(
    private readonly sealed: SealedChallenges,
    private readonly held: HeldChallenges,
  ) {}

  /** What is known of an id without a query: a sealed challenge is opened, a held one is not read yet. */
  name(id: string): NamedChallenge {
    if (isHeldId(id)) return { kind: 'held', idHash: hashOf(id), subjectMark: subjectMarkOf(id) }
    return { kind: 'sealed', challenge: this.sealed.open(id) }
  }

  /** The challenge of an id that was examined before; null if we did not issue it. */
  async open(call: Call, named: NamedChallenge): Promise<OpenedChallenge | null> {
    if (named.kind === 'sealed') return named.challenge && { kind: 'sealed', challenge: named.challenge }
    const facts = await this.held.find(call, named.idHash)
    return facts && { kind: 'held', facts, challenge: challengeOf(facts) }
  }

  /** The challenge with this id; null if we did not issue it. */
  async find(call: Call, id: string): Promise<OpenedChallenge | null> {
    return await this.open(call, this.name(id))
  }

  /** Refuses with `CHALLENGE_SPENT` a held challenge that was answered, or has no tries left. */
  refuseSpent(found: OpenedChallenge): void {
    if (found.kind === 'sealed') return
    const { id, isSpent } = found.facts
    if (isSpent) throw new Failure('CHALLENGE_SPENT', undefined, { reason: `challenge ${id}` })
    if (isBurnt(found.facts)) throw burnt(id)
  }

  /**
   * Counts a try of the code of a held challenge, before the comparison and in a statement of its own, so that of
   * concurrent tries only the allowed number is compared. Throws `CHALLENGE_SPENT` if none is left.
   */
  async countGuess(call: Call, found: OpenedChallenge): Promise<void> {
    if (found.kind === 'sealed') return
    const { id } = found.facts
    if (!(await this.held.countTry(call, id))) throw burnt(id)
  }

  /** Takes back the count of a guess that was not compared. */
  async returnGuess(call: Call, found: OpenedChallenge): Promise<void> {
    if (found.kind === 'held') await this.held.returnTry(call, found.facts.id)
  }

  /**
   * The row that spends a challenge. The unique nonce lets one of many answers succeed; the others get
   * `CHALLENGE_SPENT`.
   */
  spend(challenge: Challenge): Row {
    return spentRow(challenge)
  }

  /** The state of a challenge. */
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

  /** Deletes at most `limit` spent challenges that expired before `expiredBefore`; returns their number. */
  async purgeSpent(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    return (await call.run(purgeSpent, [expiredBefore, limit])).length
  }
}
