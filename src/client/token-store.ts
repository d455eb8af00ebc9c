// The store of a session's tokens between calls, with a lock for several holders.

import type { KeptTokens } from './tokens.js'

/** A place for the tokens of one session: memory, a browser's storage, a file. */
export interface TokenStore {
  /** The stored tokens; null if there are none. */
  read(): Promise<KeptTokens | null>
  /**
   * Replaces the stored tokens by the result of `change`, under a lock against other holders of the same store (another
   * tab, another process), because a refresh token is valid once. Tokens that `change` passes to `keep` are stored at
   * once, so that they survive the end of the process, and they stay stored if `change` throws.
   */
  update(change: TokenChange): Promise<KeptTokens | null>
}

/** Stores tokens before the running change has ended. */
export type KeepTokens = (tokens: KeptTokens) => Promise<void>

/** Makes the next tokens from the current ones. */
export type TokenChange = (current: KeptTokens | null, keep: KeepTokens) => Promise<KeptTokens | null>

/** A store in the memory of the process. */
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
