// `idem logout`: ends the session at the server and forgets it here.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import type { Machine } from '../machine.js'
import { defaultServerUrl } from '../server-url.js'
import { signOut } from '../sign-out.js'

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
    const { output, url } = connection
    const { entry, endedAtServer, failure } = await signOut(connection)
    if (failure !== null) {
      const until = entry.tokens?.refreshTokenExpiresAt ?? 'its end'
      output.warn(
        `the session was forgotten here, but the server keeps it until ${until}: ${failure.message}`,
      )
    }
    const wasSignedIn = entry.login !== null || entry.tokens !== null
    const text = wasSignedIn ? `Signed out at ${url}.` : `Nobody was signed in at ${url}.`
    output.result({ wasSignedIn, endedAtServer, url }, text)
  })
