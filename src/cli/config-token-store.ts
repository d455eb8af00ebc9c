// Stores a session's tokens in the config file, which all shells of this user share.

import type { TokenStore } from '../client/token-store.js'
import { serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** The store of the tokens for the connection's server; uses the lock of the config file. */
export const configTokenStore = ({ config: file, url }: Connection): TokenStore => ({
  read: async () => serverEntry(await file.read(), url).tokens,
  update: async (change) => {
    const config = await file.update(async (before) => {
      const { tokens } = serverEntry(before, url)
      const changed = await change(tokens)
      return changed === tokens ? before : withServerEntry(before, url, { tokens: changed })
    })
    return serverEntry(config, url).tokens
  },
})
