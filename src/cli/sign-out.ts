// Ends the session at the server and forgets it here, as one act that no other shell can come between.

import { IdemError } from '../client/idem-error.js'
import { endKeptSession } from '../client/tokens.js'
import { type ServerEntry, serverEntry, withServerEntry } from './config.js'
import type { Connection } from './invocation.js'

/** What a sign-out found and did. */
export interface SignedOut {
  /** What the config had kept. */
  readonly entry: ServerEntry
  /** Whether the session was alive and the server has ended it. */
  readonly endedAtServer: boolean
  /** Why the server may still keep the session; null when it does not. */
  readonly failure: IdemError | null
}

/**
 * Signs out, where `isMeant` says so of what the config keeps by then. The config stays locked meanwhile, so that no other
 * shell refreshes the session or signs in again; and the session is ended before it is forgotten, so that a process which
 * is killed leaves none behind that nobody knows of.
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
