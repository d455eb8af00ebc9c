// A guest's secret opens its account no more once it has linked something: the config remembers that instead.

import type { KeptTokens } from '../client/tokens.js'
import { type Login, serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** What the former guest signs in with from now on, and the tokens of its new session; null if its session goes on. */
export interface FormerGuest {
  readonly login: Login
  readonly tokens: KeptTokens | null
}

/** Changes the config, unless somebody else has signed in here meanwhile. Does nothing if no guest was signed in. */
export const followFormerGuest = async (
  { config, url, kept }: Connection,
  { login, tokens }: FormerGuest,
): Promise<void> => {
  const guest = kept.login
  if (guest?.method !== 'guest') return
  await config.update(async (before) => {
    const current = serverEntry(before, url).login
    const isStillSignedIn = current?.method === 'guest' && current.accountId === guest.accountId
    const session = tokens === null ? {} : { tokens }
    return withServerEntry(before, url, {
      deviceSecret: null,
      ...(isStillSignedIn ? { login, ...session } : {}),
    })
  })
}
