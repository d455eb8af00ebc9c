// Where a session's tokens are kept between calls, and how holders of one store keep out of each other's way.

import type { KeptTokens } from './tokens.js'

/** A place for the tokens of one session: memory, a browser's storage, a file. */
export interface TokenStore {
  /** What is kept now; null when nobody is signed in. */
  read(): Promise<KeptTokens | null>
  /**
   * Replaces what is kept by what `change` makes of it, while no other holder of the same store (another
   * tab, another process) changes it: a refresh token serves once. Keeps everything when `change` throws.
   */
  update(change: (current: KeptTokens | null) => Promise<KeptTokens | null>): Promise<KeptTokens | null>
}

/** A store that lasts as long as the process. */
export const memoryTokenStore = (initial: KeptTokens | null = null): TokenStore => {
  let kept = initial
  let queue: Promise<unknown> = Promise.resolve()
  return {
    read: async () => kept,
    update: (change) => {
      const turn = queue.then(async () => {
        kept = await change(kept)
        return kept
      })
      queue = turn.catch(() => undefined)
      return turn
    },
  }
}
