// `idem logout`: ends the session at the server and forgets it here.

import type { Command } from 'commander'
import { IdemError } from '../../client/idem-error.js'
import { endSession } from '../../client/tokens.js'
import { type ServerEntry, withServerEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSessionAsIs } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { defaultServerUrl } from '../server-url.js'

/** `idem logout` */
export const logoutCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'logout',
    summary: 'End the session at the server and forget it here',
    details:
      'The private key file stays where it is, and a guest can come back with `idem login --guest`. The key of a ' +
      'login by mail stays in the config too: `idem keys remove` takes it away before. ' +
      'When the server cannot be reached the session is forgotten here all the same, with a warning.',
    examples: ['idem logout', `idem logout --url ${defaultServerUrl}`],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const { kept, output, url, config } = connection
    const wasSignedIn = kept.login !== null || kept.tokens !== null
    const endedAtServer = kept.tokens !== null && (await endAtServer(connection, kept))
    if (wasSignedIn) {
      await config.update(async (before) => withServerEntry(before, url, { login: null, tokens: null }))
    }
    const text = wasSignedIn ? `Signed out at ${url}.` : `Nobody was signed in at ${url}.`
    output.result({ wasSignedIn, endedAtServer, url }, text)
  })

/** Whether the session was alive and the server has ended it. */
const endAtServer = async (connection: Connection, kept: ServerEntry): Promise<boolean> => {
  try {
    await endSession(openSessionAsIs(connection))
    return true
  } catch (error) {
    if (!(error instanceof IdemError)) throw error
    if (error.code === 'SIGNED_OUT' || error.code === 'UNAUTHENTICATED') return false
    const until = kept.tokens?.refreshTokenExpiresAt ?? 'its end'
    connection.output.warn(
      `the session was forgotten here, but the server keeps it until ${until}: ${error.message}`,
    )
    return false
  }
}
