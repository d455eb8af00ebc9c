// Checks the Redis of the queue at the start, and later if it did not answer then.
import { OperatorProblem } from '../failure.js'
import type { Logger } from '../runtime/logger.js'
import { inspectRedis } from './inspect-redis.js'

/** The check of one process. */
export class RedisCheck {
  #isDone: boolean
  #told = ''

  /** `url` is null if the queue is on PostgreSQL, where there is nothing to check. */
  constructor(
    private readonly url: string | null,
    private readonly logger: Logger,
  ) {
    this.#isDone = url === null
  }

  /**
   * Warns if Redis may evict jobs, or does not answer. Throws `OperatorProblem` if the queue can never work with it.
   */
  async atStart(): Promise<void> {
    if (this.url === null || this.#isDone) return
    const findings = await inspectRedis(this.url)
    if (findings.kind === 'away') {
      this.#tellOnce(`Redis does not answer: ${findings.reason}. Jobs wait in PostgreSQL until it does`)
      return
    }
    this.#isDone = true
    this.#judge(findings.evictionPolicy)
  }

  /** The same if Redis did not answer yet, but logs what an operator must mend. */
  async again(): Promise<void> {
    await this.atStart().catch((error: unknown) => {
      if (!(error instanceof OperatorProblem)) throw error
      this.#tellOnce(error.message)
    })
  }

  #judge(evictionPolicy: string | null): void {
    if (evictionPolicy === null)
      this.logger.info('Redis does not tell its maxmemory-policy; it must be noeviction')
    else if (evictionPolicy !== 'noeviction')
      this.logger.warn(
        { evictionPolicy },
        'Redis forgets jobs when its memory is full; they are restored from PostgreSQL, up to a minute late. ' +
          'Set maxmemory-policy to noeviction in redis.conf, or: redis-cli CONFIG SET maxmemory-policy noeviction',
      )
  }

  #tellOnce(sentence: string): void {
    if (sentence !== this.#told) this.logger.warn(sentence)
    this.#told = sentence
  }
}
