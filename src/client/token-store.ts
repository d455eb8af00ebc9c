// The store of a session's tokens between calls, with a lock for several holders.

import type { KeptTokens } from './tokens.js'

/** A place for the tokens of one session: memory, a browser's storage, a file. */
export interface TokenStore {
  /** The stored tokens; null if there are none. */
  read(): Promise<KeptTokens | null>
  /**
   * Replaces what is kept by what `change` makes of it, while no other holder of the same store (another
   * tab, another process) changes it: a refresh token serves once. What `change` hands to `keep` is kept at once, before
   * it has ended, so that it is there whatever becomes of this process. When `change` throws, that remains.
   */
  update(change: TokenChange): Promise<KeptTokens | null>
}

/** Stores tokens before the change that makes them has ended. */
export type KeepTokens = (tokens: KeptTokens) => Promise<void>

/** Makes the next tokens of the present ones. */
export type TokenChange = (current: KeptTokens | null, keep: KeepTokens) => Promise<KeptTokens | null>

/** A store that lasts as long as the process. */
export const memoryTokenStore = (initial: KeptTokens | null = null): TokenStore => {
  let kept = initial
  let queue: Promise<unknown> = Promise.resolve()
  return {
    read: async () => kept,
    update: (change) => {
      const turn = queue.then(async () => {
        const keep = async (tokens: KeptTokens): Promise<void> => {
          kept = tokens
        }
        kept = await change(kept, keep)
        return kept
      })
      queue = turn.catch(() => undefined)
      return turn
    },
  }
}
