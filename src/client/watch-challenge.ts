// Watches a challenge until its end.

import { type ChallengeState, fetchChallenge } from './email-challenge.js'
import { IdemError } from './idem-error.js'
import type { Transport } from './transport.js'

/** The options of watching a challenge. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal
  /** Seconds between two polls without a stream; 2 by default. */
  readonly pollSeconds?: number
}

/** Seconds between two polls with a working stream, because a proxy may lose events. */
const seldomPollSeconds = 15
/**
 * The longest pause, in seconds, whatever a server asks for: the lifetime of a mail's code. A timer of more than 2^31 ms
 * would end at once.
 */
const longestPauseSeconds = 15 * 60
/** Failures in a row that are tolerated: about a minute without a server, as during an update. */
const mostFailuresInARow = 30

/**
 * Each state of the challenge, beginning with the current one, until it is `SPENT` or `EXPIRED`. Events of the stream
 * only trigger a query of the state; without a stream it polls. Tolerates a server that cannot be reached for a while.
 */
export const watchChallenge = async function* (
  transport: Transport,
  id: string,
  options: WatchOptions = {},
): AsyncGenerator<ChallengeState, void> {
  const { signal, pollSeconds = 2 } = options
  const bell = new Bell(transport, id)
  const stop = (): void => bell.stop()
  signal?.addEventListener('abort', stop)
  try {
    let shown: ChallengeState | null = null
    let failures = 0
    while (signal?.aborted !== true) {
      const state: ChallengeState | IdemError = await fetchChallenge(transport, id).catch(passing)
      failures = state instanceof IdemError ? failures + 1 : 0
      if (state instanceof IdemError) {
        if (failures > mostFailuresInARow) throw state
        await bell.rings(Math.min(state.retryAfterSeconds ?? pollSeconds, longestPauseSeconds))
        continue
      }
      if (shown === null || isNews(state, shown)) yield state
      shown = state
      if (state.status === 'SPENT' || state.status === 'EXPIRED') return
      await bell.rings(bell.isLive ? Math.max(pollSeconds, seldomPollSeconds) : pollSeconds)
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    bell.stop()
  }
}

const isNews = (state: ChallengeState, before: ChallengeState): boolean =>
  state.status !== before.status || state.delivery !== before.delivery

const passingCodes: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMED_OUT', 'UNAVAILABLE', 'RATE_LIMITED'])

const passing = (error: unknown): IdemError => {
  if (error instanceof IdemError && passingCodes.has(error.code)) return error
  throw error
}

/** Reports that the server has announced a change. */
class Bell {
  readonly #end = new AbortController()
  #isLive = false
  #hasRung = false
  #wake: () => void = () => undefined

  constructor(transport: Transport, id: string) {
    const document =
      'subscription ChallengeUpdated($id: ID!) { challengeUpdated(id: $id) { status delivery } }'
    const ring = (): void => {
      this.#isLive = true
      this.#ring()
    }
    const listener = { onEvent: ring, signal: this.#end.signal }
    void transport
      .listen?.({ document, variables: { id } }, listener)
      .catch(() => undefined) // without a stream it polls
      .finally(() => {
        this.#isLive = false
        this.#ring()
      })
  }

  /** Whether an event has been received, so that the stream works. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Resolves after an event since the last call, or after this many seconds. */
  async rings(seconds: number): Promise<void> {
    if (!this.#hasRung && !this.#end.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, seconds * 1000)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#hasRung = false
  }

  stop(): void {
    this.#end.abort()
    this.#wake()
  }

  #ring(): void {
    this.#hasRung = true
    this.#wake()
  }
}
