// Stores a session's tokens in the config file, which all shells of this user share.

import type { TokenStore } from '../client/token-store.js'
import type { KeptTokens } from '../client/tokens.js'
import { type Config, serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** The store of the tokens for the connection's server; uses the lock of the config file. */
export const configTokenStore = ({ config: file, url }: Connection): TokenStore => ({
  read: async () => serverEntry(await file.read(), url).tokens,
  update: async (change) => {
    const config = await file.update(async (before, keep) => {
      let latest = before
      const put = (tokens: KeptTokens | null): Config => {
        if (tokens !== serverEntry(latest, url).tokens) latest = withServerEntry(latest, url, { tokens })
        return latest
      }
      return put(await change(serverEntry(before, url).tokens, (tokens) => keep(put(tokens))))
    })
    return serverEntry(config, url).tokens
  },
})
