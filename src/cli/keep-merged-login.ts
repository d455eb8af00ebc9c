// After a merge or an undo, what this machine signs in with opens another account: the config follows.

import { serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** From which account what is remembered goes to which. */
export interface Moved {
  readonly from: string
  readonly to: string
}

/** Changes the account of the login, and of the keys that sign in silently or confirm a reset, where it was `from`. */
export const keepMergedLogin = async ({ config, url }: Connection, { from, to }: Moved): Promise<void> => {
  const follow = <Kept extends { readonly accountId: string }>(kept: Kept): Kept =>
    kept.accountId === from ? { ...kept, accountId: to } : kept
  await config.update(async (before) => {
    const { login, emailKeys, deviceKeys } = serverEntry(before, url)
    return withServerEntry(before, url, {
      login: login && follow(login),
      emailKeys: emailKeys.map(follow),
      deviceKeys: deviceKeys.map(follow),
    })
  })
}
