// Watches a challenge from its mail to its end.

import { type ChallengeState, fetchChallenge } from './email-challenge.js'
import { IdemError } from './idem-error.js'
import type { Transport } from './transport.js'

/** How a challenge is watched. */
export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal
  /** How often the server is asked where nothing is pushed; 2 by default: nobody waits longer than a blink. */
  readonly pollSeconds?: number
}

/** Beside a stream that lives the server is still asked now and then: a proxy may swallow events. */
const seldomPollSeconds = 15
/** A minute or so of a server that is away, as during an update, does not end a wait of a quarter of an hour. */
const mostFailuresInARow = 30

/**
 * Each state of the challenge, first the present one, until it is `SPENT` or `EXPIRED`. The server pushes
 * changes where it can; the state itself is always asked for. Outlasts a server that is away for a while.
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
        await bell.rings(state.retryAfterSeconds ?? pollSeconds)
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

/** Rings when the server says that something has changed. */
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
      .catch(() => undefined) // then the server is asked instead
      .finally(() => {
        this.#isLive = false
        this.#ring()
      })
  }

  /** Whether the server has shown that it rings. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Resolves once it has rung since the last time, or after so many seconds. */
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
