// `idem token`: a fresh access token on standard output, for scripts.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { defaultServerUrl } from '../server-url.js'

/** `idem token`, the only command that prints a secret. */
export const tokenCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'token',
    summary: 'Print an access token that serves for another minute at least',
    details:
      'It is refreshed when needed, and signed in for again when the session is over and the private key is at ' +
      'hand (after a login by mail it is in the config). Any number of shells may ask at once.',
    examples: [
      'idem token',
      'idem token --json',
      `curl ${defaultServerUrl}/graphql -H "Authorization: Bearer $(idem token)" -H 'content-type: application/json' -d '{"query":"{ me { handle } }"}'`,
    ],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const { accessToken, tokenType, accessTokenExpiresAt } = await openSession(connection).tokens()
    connection.output.result({ accessToken, tokenType, accessTokenExpiresAt }, accessToken)
  })
