// Opens the session in the config, and signs in again automatically if the config has what is needed.

import { fetchAlias } from '../client/account-alias.js'
import { IdemError } from '../client/idem-error.js'
import { secondFactorIn } from '../client/second-factor.js'
import { Session } from '../client/session.js'
import { type SignedIn, signIn } from '../client/sign-in.js'
import { endSession, type Tokens } from '../client/tokens.js'
import { withBearer } from '../client/transport.js'
import { CliError } from './cli-error.js'
import { type Login, publicKeyOf, serverEntry } from './config.js'
import { configTokenStore } from './config-token-store.js'
import { developmentTokenStore } from './development-session.js'
import type { Connection } from './invocation.js'
import { proveOwn } from './own-proof.js'
import { shellWord } from './shell-word.js'

/** The current session at the connection's server; throws `SIGNED_OUT` at its first use if there is none. */
export const openSession = (connection: Connection): Session => {
  const options = sessionOptions(connection)
  const { login } = connection.kept
  if (login === null || login.method === 'development') return new Session(options)
  return new Session({ ...options, signInAgain: () => signInAgain(connection) })
}

/** The same without signing in again. */
export const openSessionAsIs = (connection: Connection): Session => new Session(sessionOptions(connection))

const sessionOptions = (connection: Connection) => {
  const { transport, machine, kept } = connection
  const store =
    kept.login?.method === 'development'
      ? developmentTokenStore(kept.login.address)
      : configTokenStore(connection)
  return { transport, store, clock: machine.now }
}

/**
 * Signs in with the remembered login; throws `SIGNED_OUT` if that opens neither the same account nor the one that it
 * was merged into.
 */
const signInAgain = async (connection: Connection): Promise<Tokens> => {
  const { transport, output, config, url } = connection
  // Read again under the config's lock, so that a logout that happened meanwhile is respected.
  const { login } = serverEntry(await config.read(), url)
  if (login === null) throw signedOut('it was signed out meanwhile', waysIn)
  const signedIn = await signInBy(connection, login)
  if (!(await isOfAccount(connection, signedIn, login.accountId))) {
    await endSession(withBearer(transport, signedIn.tokens.accessToken))
    throw opensNoMore(login, signedIn)
  }
  output.progress('The session was over: signed in again.')
  return signedIn.tokens
}

/** Whether the sign-in opened this account, or the one that it was merged into meanwhile. */
const isOfAccount = async (
  { transport }: Connection,
  { account, tokens }: SignedIn,
  accountId: string,
): Promise<boolean> => {
  if (account.id === accountId) return true
  const bearer = withBearer(transport, tokens.accessToken)
  try {
    return (await fetchAlias(bearer, accountId)) === account.id
  } catch (error) {
    if (error instanceof IdemError && error.code === 'NOT_FOUND') return false // such as a guest that was purged
    await endSession(bearer).catch(() => undefined) // the first failure is reported
    throw error
  }
}

const signInBy = async (connection: Connection, login: Login): Promise<SignedIn> => {
  const { transport } = connection
  try {
    return await signIn(transport, await proveOwn(connection, { login, purpose: 'SIGN_IN', transport }))
  } catch (error) {
    if (error instanceof CliError && error.code === 'KEY_MISSING')
      throw signedOut(error.message, wayIn(login))
    if (error instanceof IdemError && error.code === 'PROOF_REJECTED') throw opensNoMore(login, null)
    // A command that somebody runs for something else must not wait for a mail or a code.
    if (secondFactorIn(error) !== null) throw signedOut('the account asks for a second factor', wayIn(login))
    throw error
  }
}

const waysIn = 'Sign in: idem login --email ADDRESS, idem login --private-key FILE, or: idem login --guest'

/** The advice for signing in to the same account when the remembered proof is not available. */
const wayIn = (login: Login): string => {
  switch (login.method) {
    case 'email':
      return `Sign in: idem login --email ${shellWord(login.address)}`
    case 'password': {
      const option = login.login.includes('@') ? '--email' : '--handle'
      return `Sign in: idem login --password ${option} ${shellWord(login.login)}`
    }
    case 'wallet':
      return `Sign in: idem login --wallet-key ${login.walletKeyFile === null ? 'FILE' : shellWord(login.walletKeyFile)}`
    case 'key':
      return login.privateKeyFile === null
        ? waysIn
        : `Sign in: idem login --private-key ${shellWord(login.privateKeyFile)}`
    default:
      return waysIn
  }
}

const signedOut = (reason: string, next: string): CliError =>
  new CliError(
    'SIGNED_OUT',
    `The session is over, and could not be opened again: ${reason.replace(/\.$/, '')}.`,
    next,
  )

/** The error for a key that was unlinked, or a guest that has become a person. */
const opensNoMore = (login: Login, instead: SignedIn | null): CliError => {
  const proof = nameOfProof(login)
  const other = instead?.provisioned === true ? 'a new, empty account' : 'account'
  const where =
    instead === null ? '' : `; it opens ${other} ${instead.account.id} now, where you are not signed in`
  return new CliError(
    'SIGNED_OUT',
    `The session is over, and ${proof} no longer opens account ${login.accountId}${where}.`,
    howToGoOn(login, instead),
  )
}

const nameOfProof = (login: Login): string => {
  if (login.method === 'guest') return "this guest's secret"
  return login.method === 'wallet' ? `the wallet ${login.address}` : `the key ${publicKeyOf(login)}`
}

const howToGoOn = (login: Login, instead: SignedIn | null): string => {
  const withKey = 'Sign in with a key of that account: idem login --private-key FILE'
  if (login.method === 'email') return `${wayIn(login)} (a mail, and a new key)`
  if (login.method === 'guest') return `${withKey}. To start over as a new guest: idem login --guest`
  return instead === null ? withKey : `${withKey}. To go on in the other one: idem login`
}
