// How long the dearest documents take that pass the limits, from the request to its answer, by a server of its own.
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { readEnvironment } from '../../src/config/read-environment.js'
import { Identities } from '../../src/identities/identities.js'
import { newIdentity } from '../../src/identities/identity.js'
import { systemRandom } from '../../src/runtime/random.js'
import { settingsSections } from '../../src/settings.js'
import { startIdemWithPostgres } from '../idem-server.js'
import { Connection } from '../load/connection.js'
import { createKey, logIn } from '../load/key-login.js'
import { cpuSeconds } from '../process-usage.js'
import type { Started } from '../started.js'
import { type Tables, withTables } from '../tables.js'
import { appendAccounts } from '../timing/append-accounts.js'
import { medianOf } from '../timing/two-samples.js'

/** Answers of each document that count. */
const runs = 101
/** Answers before them, while the code is being compiled. */
const warmUpRuns = 50
/** More fields of one name than the limits let through. */
const tooMany = 60
const operatorHandle = 'bench-operator'

/** A document that passes the limits, timed. */
export interface TimedAnswer {
  readonly what: string
  /** How often its field stands in it: as often as the limits allow. */
  readonly times: number
  /** The median from the request to its answer. */
  readonly milliseconds: number
  /** Processor time of the server for one, without that of PostgreSQL; NaN where the system does not tell. */
  readonly serverMilliseconds: number
}

/** A field that is repeated in one document. */
interface DearField {
  readonly what: string
  readonly kind: 'query' | 'mutation'
  readonly field: (index: number) => string
}

const account = 'createdAt displayName handle id kind locale signInNotices emails { address }'
const identities =
  'identities { createdAt failedProofs id issuer label lastFailedAt lastUsedAt method methodName subject }'
const sessions = 'sessions { acr amr authenticatedAt current deviceName expiresAt id refreshedAt startedAt }'
const record = 'createdAt displayName failedProofs handle id kind suspendedAt emails { address }'

const dearFields = (accountId: string): readonly DearField[] => [
  {
    what: 'sign-ins of new guests',
    kind: 'mutation',
    field: (index) => `a${index}: signIn(input: { proof: { anonymous: {} } }) { tokens { accessToken } }`,
  },
  {
    what: 'challenges for new keys',
    kind: 'mutation',
    field: (index) =>
      `a${index}: issueChallenge(input: { key: { publicKey: "${randomBytes(32).toString('hex')}" } }) { id message }`,
  },
  {
    what: 'refreshes with a token of nobody',
    kind: 'mutation',
    field: (index) => `a${index}: refreshSession(input: { refreshToken: "${index}" }) { accessToken }`,
  },
  {
    what: 'all of an account with as many identities and sessions as may be',
    kind: 'query',
    field: (index) => `a${index}: me { ${account} ${identities} ${sessions} }`,
  },
  {
    what: 'its sessions alone',
    kind: 'query',
    field: (index) => `a${index}: me { ${sessions} }`,
  },
  {
    what: 'questions after a handle',
    kind: 'query',
    field: (index) => `a${index}: handleAvailable(handle: "nobody${index}")`,
  },
  {
    what: 'pages of 100 accounts, by an operator',
    kind: 'query',
    field: (index) => `a${index}: accounts(first: 100) { edges { cursor node { ${record} } } }`,
  },
  {
    what: 'searches for an account, by an operator',
    kind: 'query',
    field: (index) => `a${index}: accounts(first: 1, search: "known") { edges { node { id } } }`,
  },
  {
    what: 'looks at an account, by an operator',
    kind: 'query',
    field: (index) => `a${index}: account(id: "${accountId}") { ${record} }`,
  },
]

const documentOf = ({ kind, field }: DearField, times: number): string =>
  `${kind} { ${Array.from({ length: times }, (_, index) => field(index)).join(' ')} }`

/** Sends a document, and returns the status and the time until the whole answer is there. */
type Ask = (query: string) => Promise<{ readonly status: number; readonly milliseconds: number }>

const askerOf = (port: number, accessToken: string): Ask => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` }
  return async (query) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const startedAt = performance.now()
    const sent = request({ port, agent, method: 'POST', path: '/graphql', headers }, (answer) => {
      answer.resume()
      answer.once('error', reject)
      answer.once('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.once('error', reject)
    sent.end(JSON.stringify({ query }))
    const status = await promise
    return { status, milliseconds: performance.now() - startedAt }
  }
}

/** Finds how often the field may stand in a document, and times that document. */
const time = async (dear: DearField, ask: Ask, pid: number): Promise<TimedAnswer> => {
  for (let times = tooMany; times > 0; times--) {
    const { status } = await ask(documentOf(dear, times))
    if (status !== 200) continue
    for (let run = 0; run < warmUpRuns; run++) await ask(documentOf(dear, times))
    const answers: number[] = []
    const busyBefore = cpuSeconds(pid)
    for (let run = 0; run < runs; run++) answers.push((await ask(documentOf(dear, times))).milliseconds)
    const busy = (cpuSeconds(pid) ?? Number.NaN) - (busyBefore ?? Number.NaN)
    return {
      what: dear.what,
      times,
      milliseconds: medianOf(answers),
      serverMilliseconds: (busy * 1000) / runs,
    }
  }
  throw new Error(`not even one of "${dear.what}" passes the limits`)
}

/** Gives the account identities up to the limit. Its sessions come from signing in. */
const fillAccount = async (tables: Tables, accountId: string, count: number): Promise<void> => {
  const store = new Identities({ maxPerAccount: count })
  await tables.ownCall().inTransaction(async (call) => {
    const [method, issuer, createdAt] = ['key', 'ed25519', call.now]
    for (let index = 1; index < count; index++) {
      const subject = randomBytes(32).toString('base64')
      const facts = { method, issuer, subject, label: 'x'.repeat(100), credential: null, createdAt }
      await call.write(store.row(newIdentity({ id: systemRandom.uuid(), account: accountId, ...facts })))
    }
  })
}

/** Times the dearest documents that pass the default limits, the dearest first. */
export const timeAnswers = async (started: Started): Promise<TimedAnswer[]> => {
  const environment = { IDEM_OPERATORS: operatorHandle }
  const options = { name: 'idem', role: 'api', environment, log: null, profile: null } as const
  const { port, pid, urlOf } = await startIdemWithPostgres(options, started)
  const limits = readEnvironment(settingsSections, {})
  const connection = await Connection.open(port)
  const key = createKey(operatorHandle)
  let { accountId, tokens } = await logIn(connection, key)
  for (let count = 1; count < limits.sessions.maxPerAccount; count++)
    ({ accountId, tokens } = await logIn(connection, key))
  connection.close()
  await withTables(urlOf('idem'), async (tables) => {
    await fillAccount(tables, accountId, limits.identities.maxPerAccount)
    await appendAccounts(
      tables,
      Array.from({ length: 200 }, (_, index) => `known${index}@example.org`),
    )
  })
  const ask = askerOf(port, tokens.accessToken)
  const answers: TimedAnswer[] = []
  for (const dear of dearFields(accountId)) answers.push(await time(dear, ask, pid))
  return answers.toSorted((one, other) => other.milliseconds - one.milliseconds)
}
