// The end of every login: stores who is signed in and prints it.

import type { SignedIn } from '../client/sign-in.js'
import { keepTokens } from '../client/tokens.js'
import { assertNever } from './cli-error.js'
import { type EmailKey, type Login, serverEntry, withServerEntry } from './config.js'
import { describeMoment } from './describe-moment.js'
import { withEmailKey } from './email-keys.js'
import type { Connection } from './invocation.js'

/**
 * Stores the session in the config, with the key of an email login, makes its server the default, and prints the
 * account.
 */
export const finishLogin = async (
  connection: Connection,
  { account, tokens: given, provisioned }: SignedIn,
  { login, emailKey = null }: { readonly login: Login; readonly emailKey?: EmailKey | null },
): Promise<void> => {
  const { url, machine, output, config } = connection
  const tokens = keepTokens(given, machine.now())
  await config.update(async (before) => {
    const entry = serverEntry(before, url)
    const emailKeys = emailKey === null ? entry.emailKeys : withEmailKey(entry, emailKey)
    return { ...withServerEntry(before, url, { login, tokens, emailKeys }), url }
  })
  const { sessionExpiresAt, issuedAt } = tokens
  const name = account.handle ?? nameOf(login)
  const greeting = provisioned ? `Registered and signed in as ${name}` : `Signed in as ${name}`
  output.result(
    { account, provisioned, sessionExpiresAt, url },
    `${greeting} (account ${account.id}) at ${url}.\nThe session ends ${describeMoment(sessionExpiresAt, new Date(issuedAt))}.`,
  )
}

const nameOf = (login: Login): string => {
  switch (login.method) {
    case 'key':
      return 'an account without a handle'
    case 'guest':
      return 'a guest'
    case 'password':
      return login.login
    case 'wallet':
    case 'email':
    case 'development':
      return login.address
    default:
      return assertNever(login)
  }
}
