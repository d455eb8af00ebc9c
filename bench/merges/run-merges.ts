// Measures a merge of two accounts with so many rows, or its undo, on the database of a server, by the use cases alone.
import 'reflect-metadata'
import { readEnvironment } from '../../src/config/read-environment.js'
import { type Foundation, openFoundation } from '../../src/foundation.js'
import { mergeAccounts } from '../../src/merge/merge-accounts.js'
import { undoMerge } from '../../src/merge/undo-merge.js'
import { systemClock } from '../../src/runtime/clock.js'
import { createLogger } from '../../src/runtime/logger.js'
import { systemRandom } from '../../src/runtime/random.js'
import { RequestScope } from '../../src/runtime/request-scope.js'
import { principalOf } from '../../src/sessions/session.js'
import { settingsSections } from '../../src/settings.js'
import { Secret } from '../../src/tokens/secret.js'
import type { Measurement } from '../load/order.js'

/** More than an account may have by any setting. */
const mostIdentities = 1_000_000

/** What is measured. */
export interface MergesBatch {
  readonly databaseUrl: string
  /** Audit entries, identities and sessions of both accounts together. */
  readonly rows: number
  readonly act: 'merge' | 'undo'
}

/** Each is one merge of new accounts, or one undo; the median is reported. */
const repeats = 3

const open = async (databaseUrl: string): Promise<Foundation> => {
  const settings = readEnvironment(settingsSections, {})
  const requestScope = new RequestScope()
  return await openFoundation({
    settings: { ...settings, identities: { maxPerAccount: mostIdentities } },
    databaseUrl,
    directUrl: databaseUrl,
    secrets: [new Secret('the secret of a benchmark')],
    publicUrl: 'http://localhost',
    methodDefinitions: [],
    instanceId: systemRandom.uuid(),
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({
      level: 'error',
      requestScope,
      destination: { write: (line) => void process.stderr.write(line) },
    }),
    requestScope,
    traces: null,
    recoverDatabase: async () => undefined,
  })
}

/** Each of two accounts has as many identities, sessions and audit entries. */
const sixth = (rows: number): number => Math.ceil(rows / 6)

/** $1 the account, $2 a session, $3 the number of identities, of sessions, and of audit entries. */
const fill = `with a as (insert into account (id, kind, level, sign_in_notices, created_at)
    values ($1::uuid, 'PERSON', 'aal1', true, now()) returning id),
  i as (insert into identity (id, account_id, method, issuer, subject, created_at, failed_proofs)
    select gen_random_uuid(), $1::uuid, 'key', 'ed25519', $1::text || n, now(), 0 from generate_series(1, $3::int) n
    returning id),
  s as (insert into session (id, account_id, identity_id, amr, acr, scope, authenticated_at, started_at, expires_at,
      generation, refreshed_at, ended_at)
    select case when n = 1 then $2::uuid else gen_random_uuid() end, $1::uuid, i.id, '{pop}', 'aal1', 'all', now(), now(),
      now() + interval '1 day', 0, now(), case when n % 10 > 1 then now() end
    from (select id, row_number() over () as n from i) i)
  insert into audit_entry (id, at, action, account_id, actor_id, session_id, request_id, address, detail)
  select gen_random_uuid(), now(), 'session.started', $1::uuid, $1::uuid, null, 'bench', '192.0.2.1', '{}'
    from generate_series(1, $3::int)`

const accountWith = async (
  { ownCall }: Foundation,
  rows: number,
): Promise<{ readonly id: string; readonly sessionId: string }> => {
  const [id, sessionId] = [systemRandom.uuid(), systemRandom.uuid()]
  const values = [id, sessionId, sixth(rows)]
  await ownCall().inLongTransaction(
    async (call) => await call.run({ name: 'idem_bench_fill', text: fill }, values),
  )
  return { id, sessionId }
}

interface Timed {
  readonly milliseconds: number
  readonly statements: number
}

const timed = async ({ metrics }: Foundation, act: () => Promise<unknown>): Promise<Timed> => {
  const count = async () => (await metrics.databaseStatements.get()).values[0]?.value ?? 0
  const [before, begun] = [await count(), performance.now()]
  await act()
  return { milliseconds: performance.now() - begun, statements: (await count()) - before }
}

const measure = async (foundation: Foundation, { rows, act }: MergesBatch): Promise<Timed> => {
  const [own, other] = [await accountWith(foundation, rows), await accountWith(foundation, rows)]
  const call = foundation.ownCall()
  await call.inLongTransaction(
    async (long) => await long.run({ name: 'idem_bench_analyze', text: 'analyze' }, []),
  )
  const needs = { ...foundation, random: systemRandom }
  const request = { ownId: own.id, otherId: other.id, survivorId: own.id, choices: new Map(), proofs: [] }
  const merging = { merge: '' }
  const merged = await timed(foundation, async () => {
    const done = await mergeAccounts(call, { ...request, session: { id: own.sessionId, acr: 'aal1' } }, needs)
    merging.merge = done.merge.id
  })
  if (act === 'merge') return merged
  const session = await foundation.sessions.read(call, own.sessionId)
  if (session === null) throw new Error('the session that merged is gone')
  const undoing = foundation.ownCall().by({ ...principalOf(session), authenticatedAt: call.now })
  return await timed(foundation, async () => await undoMerge(undoing, merging.merge, needs))
}

/** Runs it. Throws if a merge or an undo is refused. */
export const runMerges = async (batch: MergesBatch): Promise<Measurement> => {
  const foundation = await open(batch.databaseUrl)
  try {
    const all: Timed[] = []
    for (let n = 0; n < repeats; n += 1) all.push(await measure(foundation, batch))
    const sorted = all.map(({ milliseconds }) => milliseconds).sort((one, two) => one - two)
    const [median = 0, worst = 0] = [sorted[Math.floor(repeats / 2)], sorted.at(-1)]
    return {
      operations: repeats,
      perSecond: 1000 / median,
      p50Milliseconds: median,
      p95Milliseconds: worst,
      p99Milliseconds: worst,
      statementsEach: all.reduce((sum, { statements }) => sum + statements, 0) / repeats,
      cpu: { server: null, client: null, postgres: null },
    }
  } finally {
    await foundation.close()
  }
}
