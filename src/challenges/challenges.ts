// The challenges of the installation, sealed and held: found by the id that their asker gives, and spent once.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { type Challenge, type ChallengeStatus, isExpired, mostCodeAttempts } from './challenge.js'
import type { HeldChallengeFacts, HeldChallenges } from './held-challenges.js'
import type { SealedChallenges } from './sealed-challenge.js'
import { SpentChallenge } from './spent-challenge.js'

/** A challenge as its id led to it. */
export type OpenedChallenge =
  | { readonly kind: 'sealed'; readonly challenge: Challenge }
  | {
      readonly kind: 'held'
      readonly challenge: Challenge
      readonly facts: HeldChallengeFacts
      /** True once its code was tried too often; not yet for the last try that is allowed. */
      readonly isBurnt: boolean
    }

/** 256 random bits in base64url; a sealed challenge is a JWE, which has dots. */
const heldForm = /^[\w-]{43}$/

/** `triedBefore`: tries that this look at it does not count. */
const opened = (facts: HeldChallengeFacts | null, triedBefore: number): OpenedChallenge | null =>
  facts && {
    kind: 'held',
    facts,
    isBurnt: triedBefore >= mostCodeAttempts,
    challenge: {
      nonce: facts.id,
      method: facts.method,
      purpose: facts.purpose,
      sessionId: facts.sessionId,
      subject: facts.subject,
      handle: null,
      message: null,
      confirmed: facts.confirmedAt !== null,
      expiresAt: facts.expiresAt,
    },
  }

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

  /** The challenge that its asker names `id`, or null when it is none of ours. */
  async find(call: Call, id: string): Promise<OpenedChallenge | null> {
    if (!heldForm.test(id)) return await this.#openSealed(id)
    const facts = await this.held.find(call, id)
    return opened(facts, facts?.attempts ?? 0)
  }

  /** The same for a proof that could be a guess: the try counts against a held challenge, whatever comes of it. */
  async findForGuess(call: Call, id: string): Promise<OpenedChallenge | null> {
    if (!heldForm.test(id)) return await this.#openSealed(id)
    const facts = await this.held.countAttempt(call, id)
    return opened(facts, (facts?.attempts ?? 0) - 1)
  }

  /** Refuses with `CHALLENGE_SPENT` a held challenge that was answered, or whose code was tried too often. */
  refuseSpent(found: OpenedChallenge): void {
    if (found.kind === 'sealed') return
    const { id, isSpent, attempts } = found.facts
    if (isSpent) throw new Failure('CHALLENGE_SPENT', undefined, { reason: `challenge ${id}` })
    if (found.isBurnt)
      throw new Failure('CHALLENGE_SPENT', 'Too many wrong codes. Ask for a new one.', {
        reason: `try ${attempts} of challenge ${id}`,
      })
  }

  /** The row that spends a challenge. Its unique nonce is what lets one of many tries succeed; the others get `CHALLENGE_SPENT`. */
  spend(challenge: Challenge): Row {
    return rowOf(
      SpentChallenge,
      { nonce: challenge.nonce, expiresAt: challenge.expiresAt },
      () => new Failure('CHALLENGE_SPENT', undefined, { reason: `nonce ${challenge.nonce}` }),
    )
  }

  /** Where a challenge stands. */
  async statusOf(call: Call, found: OpenedChallenge): Promise<ChallengeStatus> {
    const { challenge } = found
    const isSpent =
      found.kind === 'held'
        ? found.facts.isSpent || found.isBurnt
        : (await call.em.count(SpentChallenge, { nonce: challenge.nonce })) > 0
    if (isSpent) return 'SPENT'
    if (isExpired(challenge, call.now)) return 'EXPIRED'
    return challenge.confirmed ? 'CONFIRMED' : 'PENDING'
  }

  /** Removes at most `limit` traces of challenges that expired before `expiredBefore`; returns their number. */
  async purgeSpent(call: Call, expiredBefore: Date, limit: number): Promise<number> {
    return (await call.run(purgeSpent, [expiredBefore.toISOString(), limit])).length
  }

  async #openSealed(id: string): Promise<OpenedChallenge | null> {
    const challenge = await this.sealed.open(id)
    return challenge && { kind: 'sealed', challenge }
  }
}
