// The end of every login: remembers who is signed in and says it.

import type { SignedIn } from '../client/sign-in.js'
import { keepTokens } from '../client/tokens.js'
import { type Login, withServerEntry } from './config.js'
import { describeMoment } from './describe-moment.js'
import type { Connection } from './invocation.js'

/** Keeps the session in the config, makes its server the default one, and prints the account. */
export const finishLogin = async (
  connection: Connection,
  { account, tokens: given, provisioned }: SignedIn,
  login: Login,
): Promise<void> => {
  const { url, machine, output, config } = connection
  const tokens = keepTokens(given, machine.now())
  await config.update(async (before) => ({ ...withServerEntry(before, url, { login, tokens }), url }))
  const { sessionExpiresAt, issuedAt } = tokens
  const name = account.handle ?? (login.method === 'guest' ? 'a guest' : 'an account without a handle')
  const greeting = provisioned ? `Registered and signed in as ${name}` : `Signed in as ${name}`
  output.result(
    { account, provisioned, sessionExpiresAt, url },
    `${greeting} (account ${account.id}) at ${url}.\nThe session ends ${describeMoment(sessionExpiresAt, new Date(issuedAt))}.`,
  )
}
