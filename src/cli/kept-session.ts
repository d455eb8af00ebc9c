// Opens the session that the config keeps, and signs in again by itself where the config knows how.

import { Session } from '../client/session.js'
import { signIn } from '../client/sign-in.js'
import { endSession, type Tokens } from '../client/tokens.js'
import { CliError } from './cli-error.js'
import type { Login } from './config.js'
import { configTokenStore } from './config-token-store.js'
import type { Connection } from './invocation.js'
import { proveOwn } from './own-proof.js'

/** The session of whoever is signed in at the connection's server; `SIGNED_OUT` at its first use if nobody. */
export const openSession = (connection: Connection): Session => {
  const { login } = connection.kept
  const options = sessionOptions(connection)
  if (login === null) return new Session(options)
  return new Session({ ...options, signInAgain: () => signInAgain(connection, login) })
}

/** The same, but once it is over it stays over. */
export const openSessionAsIs = (connection: Connection): Session => new Session(sessionOptions(connection))

const sessionOptions = (connection: Connection) => ({
  transport: connection.transport,
  store: configTokenStore(connection),
  clock: connection.machine.now,
})

const signInAgain = async (connection: Connection, login: Login): Promise<Tokens> => {
  const { transport, output } = connection
  const { tokens, provisioned } = await signIn(transport, await proveAgain(connection, login))
  if (provisioned) {
    await endSession({ send: (call) => transport.send({ ...call, accessToken: tokens.accessToken }) })
    throw signedOut('the account that you were signed in to is no longer reached by this key')
  }
  output.progress('The session was over: signed in again.')
  return tokens
}

const proveAgain = async (connection: Connection, login: Login) => {
  try {
    return await proveOwn(connection, { login, purpose: 'SIGN_IN', transport: connection.transport })
  } catch (error) {
    throw error instanceof CliError && error.code === 'KEY_MISSING' ? signedOut(error.message) : error
  }
}

const signedOut = (reason: string): CliError =>
  new CliError(
    'SIGNED_OUT',
    `The session is over, and could not be opened again: ${reason.replace(/\.$/, '')}.`,
    'Sign in: idem login --private-key FILE, or: idem login --guest',
  )
