// Ends the session at the server and removes it from the config, under the lock of the config.

import { IdemError } from '../client/idem-error.js'
import { endKeptSession } from '../client/tokens.js'
import { type ServerEntry, serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** The result of a sign-out. */
export interface SignedOut {
  /** The content of the config before. */
  readonly entry: ServerEntry
  /** True if the session was valid and the server has ended it. */
  readonly endedAtServer: boolean
  /** Why the server may still have the session; null if it does not. */
  readonly failure: IdemError | null
}

/**
 * Signs out, if `isMeant` returns true for the current content of the config. The config stays locked meanwhile, so
 * that no other shell refreshes the session or signs in again. The session is ended before it is removed from the
 * config, so that a killed process leaves no unknown session at the server.
 */
export const signOut = async (
  { config, url, transport, machine }: Connection,
  isMeant: (entry: ServerEntry) => boolean = () => true,
): Promise<SignedOut> => {
  let endedAtServer = false
  let failure: IdemError | null = null
  let entry = serverEntry(await config.read(), url)
  await config.update(async (before) => {
    entry = serverEntry(before, url)
    const { login, tokens } = entry
    if (!isMeant(entry) || (login === null && tokens === null)) return before
    try {
      endedAtServer = tokens !== null && (await endKeptSession(transport, tokens, machine.now()))
    } catch (error) {
      if (!(error instanceof IdemError)) throw error
      failure = error
    }
    return withServerEntry(before, url, { login: null, tokens: null })
  })
  return { entry, endedAtServer, failure }
}
