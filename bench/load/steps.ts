// The repeated step of each scenario's clients.
import type { ScenarioName } from '../scenario.js'
import { type Connection, GraphqlRequest } from './connection.js'
import { logInByMail } from './email.js'
import { createKey, dataOf, type LoginKey, logIn, signIn, type Tokens } from './key-login.js'
import type { MailWatch } from './mail-watch.js'
import { logInByPasskey, registerPasskey } from './passkey-login.js'
import { createPasswordLogin, type PasswordLogin, provePassword } from './password-login.js'
import { logInByWallet, registerWallet } from './wallet-login.js'

/** One operation of one client. */
export type Step = () => Promise<unknown>

/** A client: its connection, the port of its server, its number, and its source of mails. */
export interface Client {
  readonly connection: Connection
  readonly port: number
  readonly client: number
  readonly mails: MailWatch
}

/** Prepares a client (not measured) and returns the step that it repeats. */
export type Prepare = (client: Client) => Promise<Step>

/** Number of keys that a client uses in turn, so that logins of one key are never concurrent. */
const keysPerClient = 4

const typename = new GraphqlRequest('{ __typename }', '{"data":{"__typename":"Query"')
const me = new GraphqlRequest('{ me { id kind handle } }', '{"data":{"me":{"id":"')
const refreshSession = new GraphqlRequest(
  'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }',
  '{"data":{"refreshSession":{"accessToken":"',
)

const signInAsGuest = signIn.text({ input: { proof: { anonymous: {} } } }, null)

const startAsGuest = async (connection: Connection): Promise<Tokens> =>
  dataOf<{ signIn: { tokens: Tokens } }>(await signIn.send(connection, signInAsGuest)).signIn.tokens

const prepareTypename: Prepare = async ({ connection }) => {
  const text = typename.text({}, null)
  return () => typename.send(connection, text)
}

/** The first request puts the session into the server's cache. */
const prepareMe: Prepare = async ({ connection }) => {
  const { accessToken } = await startAsGuest(connection)
  const text = me.text({}, accessToken)
  await me.send(connection, text)
  return () => me.send(connection, text)
}

const prepareAnonymous: Prepare =
  async ({ connection }) =>
  () =>
    signIn.send(connection, signInAsGuest)

/** Each client has one session and uses its newest refresh token. */
const prepareRefresh: Prepare = async ({ connection }) => {
  let { refreshToken } = await startAsGuest(connection)
  return async () => {
    const text = refreshSession.text({ input: { refreshToken } }, null)
    const body = await refreshSession.send(connection, text)
    refreshToken = dataOf<{ refreshSession: Tokens }>(body).refreshSession.refreshToken
  }
}

const prepareEmail: Prepare =
  async ({ connection, mails }) =>
  () =>
    logInByMail(connection, mails)

/** The logins of keys that each client makes once, before it is measured, and uses in turn. */
const createPrepareLogin = <Key>(
  make: (client: Client) => Promise<Key>,
  logInWith: (connection: Connection, key: Key) => Promise<unknown>,
): Prepare => {
  const keysOfClients = new Map<number, Key[]>()
  const keysOf = async (client: Client): Promise<Key[]> => {
    const known = keysOfClients.get(client.client)
    if (known !== undefined) return known
    const keys: Key[] = []
    while (keys.length < keysPerClient) keys.push(await make(client))
    keysOfClients.set(client.client, keys)
    return keys
  }
  return async (client) => {
    const turns = inTurn(await keysOf(client))
    return () => logInWith(client.connection, turns.next().value)
  }
}

/** The first login of a key creates its account. */
const makeKey = async ({ connection }: Client): Promise<LoginKey> => {
  const key = createKey()
  await logIn(connection, key)
  return key
}

/** Accounts of all clients together: few, because nearly all of a login's time is Argon2id. */
const passwordAccounts = 5

/** Accounts are made one after the other, because the page of mails shows the newest ones only. */
const createPreparePassword = (): Prepare => {
  const made = new Map<number, Promise<PasswordLogin>>()
  let last: Promise<unknown> = Promise.resolve()
  return async ({ connection, client }) => {
    // The server closes a connection that sends nothing for 10 s.
    await typename.send(connection, typename.text({}, null))
    const account = client % passwordAccounts
    const login = made.get(account) ?? last.then(async () => await createPasswordLogin(connection))
    made.set(account, login)
    last = login
    const own = await login
    return () => provePassword(connection, own)
  }
}

function* inTurn<Item>(items: readonly Item[]): Generator<Item, never> {
  for (;;) yield* items
}

/** The steps of a scenario. Keys are made once and reused while it exists. Throws for a scenario without clients. */
export const createSteps = (): ((scenario: ScenarioName) => Prepare) => {
  const steps: Readonly<Partial<Record<ScenarioName, Prepare>>> = {
    bare: prepareTypename,
    baseline: prepareTypename,
    me: prepareMe,
    anonymous: prepareAnonymous,
    login: createPrepareLogin(makeKey, logIn),
    wallet: createPrepareLogin(({ connection }) => registerWallet(connection), logInByWallet),
    passkey: createPrepareLogin(({ connection, port }) => registerPasskey(connection, port), logInByPasskey),
    password: createPreparePassword(),
    refresh: prepareRefresh,
    email: prepareEmail,
  }
  return (scenario) => {
    const prepare = steps[scenario]
    if (prepare === undefined) throw new Error(`no client does ${scenario}`)
    return prepare
  }
}
