// `idem status`: the server, the account, and how long the session and its token last.

import type { Command } from 'commander'
import { type Account, fetchWhoAmI } from '../../client/account.js'
import { IdemError } from '../../client/idem-error.js'
import { serverTime } from '../../client/tokens.js'
import type { Transport } from '../../client/transport.js'
import { assertNever } from '../cli-error.js'
import { type Login, type ServerEntry, serverEntry } from '../config.js'
import { defineCommand } from '../define-command.js'
import { describeMoment } from '../describe-moment.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSessionAsIs } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'

/** `idem status` */
export const statusCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'status',
    summary: 'Show the server, the account and how long the session lasts',
    details:
      'Refreshes the token when needed, but never signs in. Exits with 3 when nobody is signed in and with 4 ' +
      'when the server does not answer; what is known is printed all the same.',
    examples: ['idem status', 'idem status --json', 'idem status >/dev/null 2>&1 || idem login'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const found = await lookUp(connection)
    const state = { ...found, kept: serverEntry(await connection.config.read(), connection.url) }
    connection.output.result(document(connection, state), describe(connection, state))
    if (found.failure !== null) throw found.failure
  })

interface Found {
  readonly reachable: boolean
  readonly account: Account | null
  readonly failure: IdemError | null
}

interface State extends Found {
  readonly kept: ServerEntry
}

const lookUp = async (connection: Connection): Promise<Found> => {
  try {
    const { me } = await fetchWhoAmI(openSessionAsIs(connection))
    return { reachable: true, account: me, failure: me === null ? signedOut() : null }
  } catch (error) {
    if (!(error instanceof IdemError)) throw error
    const silence = error.code === 'SIGNED_OUT' ? await ping(connection.transport) : error
    const failure = silence ?? error
    return { reachable: !silent.has(failure.code), account: null, failure }
  }
}

/** The codes for a server that does not answer. */
const silent: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMED_OUT', 'UNEXPECTED_ANSWER'])

const signedOut = (): IdemError => new IdemError('SIGNED_OUT', 'Nobody is signed in.')

/** Null if the server answers, otherwise the reason why not. */
const ping = async (transport: Transport): Promise<IdemError | null> => {
  try {
    await transport.send({ document: 'query Ping { __typename }' })
    return null
  } catch (error) {
    if (error instanceof IdemError) return error
    throw error
  }
}

const document = ({ url, config }: Connection, { reachable, account, kept }: State): object => ({
  url,
  reachable,
  signedIn: account !== null,
  account,
  sessionExpiresAt: kept.tokens?.sessionExpiresAt ?? null,
  refreshTokenExpiresAt: kept.tokens?.refreshTokenExpiresAt ?? null,
  accessTokenExpiresAt: kept.tokens?.accessTokenExpiresAt ?? null,
  login: kept.login,
  config: config.path,
})

const describe = ({ url, config, machine }: Connection, { reachable, account, kept }: State): string => {
  const { tokens } = kept
  const when = (moment: 'sessionExpiresAt' | 'refreshTokenExpiresAt' | 'accessTokenExpiresAt'): string =>
    tokens === null ? '-' : describeMoment(tokens[moment], serverTime(tokens, machine.now()))
  return layOutColumns([
    ['Server', `${url} (${reachable ? 'answers' : 'does not answer'})`],
    ['Account', account === null ? '-' : `${account.handle ?? account.kind} (${account.id})`],
    ['Signs in by', describeLogin(kept.login)],
    ['Session ends', when('sessionExpiresAt')],
    ['Refreshable until', when('refreshTokenExpiresAt')],
    ['Access token ends', when('accessTokenExpiresAt')],
    ['Config', config.path],
  ])
}

const describeLogin = (login: Login | null): string => {
  if (login === null) return '-'
  switch (login.method) {
    case 'guest':
      return 'guest'
    case 'key':
      return `key ${login.publicKey} (${login.privateKeyFile ?? 'no file remembered'})`
    case 'email':
      return `${login.address} (${login.publicKey === null ? 'a mail each time' : `key ${login.publicKey}`})`
    case 'wallet':
      return `wallet ${login.address} (${login.walletKeyFile ?? 'no file remembered'})`
    case 'password':
      return `${login.login} (a password each time)`
    case 'development':
      return `${login.address} (development: this server believes everybody)`
    default:
      return assertNever(login)
  }
}
