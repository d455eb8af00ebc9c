// What sequences of merges run on: the real stores and use cases on a real database, without a service.
import { cancelAccountDeletion } from '../../../src/account-data/cancel-account-deletion.js'
import { deleteAccount } from '../../../src/account-data/delete-account.js'
import { unlinkIdentity } from '../../../src/authentication/unlink-identity.js'
import type { Call } from '../../../src/database/call.js'
import { Failure } from '../../../src/failure.js'
import { mergeAccounts } from '../../../src/merge/merge-accounts.js'
import { undoMerge } from '../../../src/merge/undo-merge.js'
import { reinstateAccount } from '../../../src/operators/reinstate-account.js'
import { suspendAccount } from '../../../src/operators/suspend-account.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { principalOf } from '../../../src/sessions/session.js'
import type { Rooms } from '../jobs/open-rooms.js'
import type { Model, ModelAccount, ModelRequest, ModelRow, ModelSession, Outcome } from './model.js'

const contents = `select
  (select jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'level', level, 'handle', handle,
      'displayName', display_name, 'locale', locale, 'primaryEmail', primary_email,
      'suspended', suspended_at is not null, 'due', deletion_due_at is not null, 'into', merged_into_id,
      'absorbedIds', case when merged_into_id is null then absorbed_ids end) order by id)
    from account where id = any($1)) as accounts,
  (select jsonb_agg(r order by r->>'id') from (
    select jsonb_build_object('id', id, 'table', 'identity', 'kind', method, 'key', subject, 'account', account_id,
        'active', true) as r from identity where account_id = any($1)
    union all select jsonb_build_object('id', id, 'table', 'second_factor', 'kind', kind, 'key', '',
        'account', account_id, 'active', confirmed_at is not null) from second_factor where account_id = any($1)
    union all select jsonb_build_object('id', id, 'table', 'device', 'kind', '', 'key', public_key,
        'account', account_id, 'active', true) from device where account_id = any($1)
    union all select jsonb_build_object('id', name, 'table', 'handle', 'kind', '', 'key', name,
        'account', account_id, 'active', given_up_at is null) from handle where account_id = any($1)) rows) as rows,
  (select jsonb_agg(jsonb_build_object('id', id, 'account', account_id, 'identity', identity_id,
      'live', ended_at is null) order by id) from session where account_id = any($1)) as sessions`

const seededTables = ['account', 'identity', 'second_factor', 'device', 'handle', 'session'] as const
type SeededTable = (typeof seededTables)[number]

/** One statement for all tables, because each sequence begins with it. */
const seed = `with ${seededTables
  .map(
    (table) =>
      `${table}_rows as (insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1::jsonb->'${table}'))`,
  )
  .join(', ')} select 1`

/** What a sequence may be refused with. Everything else is a bug. */
const refusals = ['MERGE_REFUSED', 'LAST_IDENTITY', 'CONFLICT', 'NOT_FOUND', 'UNAUTHENTICATED'] as const

const openForUndo = `insert into session
  select (jsonb_populate_record(null::session, to_jsonb(s) || jsonb_build_object(
    'id', $2::text, 'account_id', i.account_id, 'identity_id', i.id, 'ended_at', null))).*
  from (select * from session limit 1) s, (select i.* from merge_row j join identity i on i.id::text = j.row_key
    where j.merge_id = $1 and j.table_name = 'identity' and i.method <> 'password' order by i.id limit 1) i
  returning id, account_id as account, identity_id as identity, true as live`

/** Longer than any sequence takes by the clock that it moves. */
const sessionMilliseconds = 365 * 86_400_000

/** An operator, of which nothing but its id is written. */
const operatorId = '00000000-0000-7000-8000-000000000000'

const seconds = (at: number): string => new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString()

/** The rows of each table as they are stored. */
const storedRow = (row: ModelRow): Record<string, unknown> => {
  const [created, account_id] = [seconds(row.createdAt), row.account]
  switch (row.table) {
    case 'identity': {
      const isPassword = row.kind === 'password'
      return {
        id: row.id,
        account_id,
        method: row.kind,
        issuer: row.kind,
        subject: row.key,
        credential: isPassword ? { version: row.id } : null,
        created_at: created,
        failed_proofs: 0,
      }
    }
    case 'second_factor':
      return {
        id: row.id,
        account_id,
        kind: row.kind,
        credential: { of: row.id },
        created_at: created,
        confirmed_at: row.active ? created : null,
      }
    case 'device':
      return { id: row.id, account_id, public_key: row.key, created_at: created }
    case 'handle':
      return {
        name: row.id,
        account_id,
        taken_at: created,
        given_up_at: row.active ? null : seconds(row.createdAt + 1),
      }
  }
}

const storedAccount = (model: Model, account: ModelAccount): Record<string, unknown> => ({
  id: account.id,
  kind: account.kind,
  level: model.levelOf(account),
  handle: account.handle,
  display_name: account.displayName,
  locale: account.locale,
  primary_email: account.primaryEmail,
  sign_in_notices: true,
  absorbed_ids: [],
  created_at: seconds(account.createdAt),
})

/** The database of all sequences. */
export class Ground {
  constructor(private readonly rooms: Rooms) {}

  /** Writes the accounts of a model with all that they have. */
  async seed(model: Model): Promise<void> {
    const stored: Record<SeededTable, Record<string, unknown>[]> = {
      account: [...model.accounts.values()].map((account) => storedAccount(model, account)),
      identity: [],
      second_factor: [],
      device: [],
      handle: [],
      session: [...model.sessions.values()].map((session) => this.#storedSession(model, session)),
    }
    for (const row of model.rows.values()) stored[row.table].push(storedRow(row))
    await this.rooms.tables.query(seed, [JSON.stringify(stored)])
  }

  /** A further identity of an account, as a link leaves it. */
  async link(row: ModelRow): Promise<void> {
    await this.rooms.tables.query(
      'insert into identity select * from jsonb_populate_record(null::identity, $1)',
      [JSON.stringify({ ...storedRow(row), created_at: this.rooms.clock.now().toISOString() })],
    )
  }

  /** A session, as a sign-in leaves it. */
  async open(model: Model, session: ModelSession): Promise<void> {
    await this.rooms.tables.query(
      'insert into session select * from jsonb_populate_record(null::session, $1)',
      [JSON.stringify(this.#storedSession(model, session))],
    )
  }

  /** A session by an identity that a side of a merge held, for the account to which that leads now. */
  async openForUndo(mergeId: string, id: string): Promise<ModelSession> {
    const [session] = await this.rooms.tables.query(openForUndo, [mergeId, id])
    return session
  }

  #storedSession(model: Model, { id, account, identity }: ModelSession): Record<string, unknown> {
    const now = this.rooms.clock.now()
    return {
      id,
      account_id: account,
      identity_id: identity,
      amr: ['pop'],
      acr: model.levelOf(model.account(account)),
      scope: 'all',
      authenticated_at: now,
      started_at: now,
      expires_at: new Date(now.getTime() + sessionMilliseconds),
      generation: 0,
      refreshed_at: now,
    }
  }

  /** Time goes on, so that what comes later is later. */
  tick(): void {
    this.rooms.clock.advance(1)
  }

  async merge(request: ModelRequest): Promise<{ readonly outcome: Outcome; readonly id: string }> {
    let id = ''
    const { own, other, survivor, choices, session, proven } = request
    const shown = { method: 'key', amr: ['pop'], at: this.rooms.clock.now().toISOString() }
    const outcome = await this.#outcomeOf(async () => {
      const { merge } = await mergeAccounts(
        this.rooms.call(),
        {
          ownId: own,
          otherId: other,
          survivorId: survivor,
          choices,
          proofs: [
            { accountId: own, identityId: null, ...shown },
            { accountId: other, identityId: proven, ...shown },
          ],
          session: session === null ? null : { id: session, acr: 'aal2' },
        },
        this.#needs(),
      )
      id = merge.id
    })
    return { outcome, id }
  }

  async undo(mergeId: string, session: ModelSession): Promise<Outcome> {
    return await this.#bySession(session, async (call) => await undoMerge(call, mergeId, this.#needs()))
  }

  async unlink(session: ModelSession, identityId: string): Promise<Outcome> {
    return await this.#bySession(
      session,
      async (call) => await unlinkIdentity(call, identityId, this.#needs()),
    )
  }

  async beginDeletion(session: ModelSession): Promise<Outcome> {
    return await this.#bySession(session, async (call) => await deleteAccount(call, this.#needs()))
  }

  async cancelDeletion(session: ModelSession): Promise<Outcome> {
    return await this.#bySession(session, async (call) => await cancelAccountDeletion(call, this.#needs()))
  }

  async suspend(id: string): Promise<Outcome> {
    const call = this.#operatorCall()
    return await this.#outcomeOf(async () => await suspendAccount(call, { id, reason: 'why' }, this.#needs()))
  }

  async reinstate(id: string): Promise<Outcome> {
    return await this.#outcomeOf(async () => await reinstateAccount(this.#operatorCall(), id, this.#needs()))
  }

  /** The id of the last merge that absorbed an account. */
  async newestMergeOf(absorbedId: string): Promise<string> {
    const [row] = await this.rooms.tables.query(
      'select id from merge where absorbed_id = $1 order by merged_at desc, id desc limit 1',
      [absorbedId],
    )
    return row.id
  }

  /** Everything that these accounts have, in the form of `Model.contents`. */
  async contents(accountIds: readonly string[]): Promise<object> {
    const [row] = await this.rooms.tables.query(contents, [accountIds])
    return { accounts: row.accounts ?? [], rows: row.rows ?? [], sessions: row.sessions ?? [] }
  }

  #operatorCall(): Call {
    const call = this.rooms.call()
    return call.by({
      kind: 'believed',
      accountId: operatorId,
      scopes: new Set(['all']),
      amr: [],
      acr: 'aal2',
      authenticatedAt: call.now,
    })
  }

  async #bySession({ id }: ModelSession, act: (call: Call) => Promise<unknown>): Promise<Outcome> {
    const call = this.rooms.call()
    const session = await this.rooms.foundation.sessions.read(call, id)
    if (session === null) throw new Error(`no session ${id}`)
    // Each proof is as fresh and as strong as it has to be: what is tested is what it may do.
    const principal = { ...principalOf(session), acr: 'aal2' as const, authenticatedAt: call.now }
    return await this.#outcomeOf(async () => await act(call.by(principal)))
  }

  #needs() {
    const operators = { handles: new Set<string>(), addresses: new Set<string>() }
    return { ...this.rooms.foundation, random: systemRandom, operators }
  }

  async #outcomeOf(act: () => Promise<unknown>): Promise<Outcome> {
    try {
      await act()
      return 'done'
    } catch (error) {
      const code = error instanceof Failure ? error.code : null
      const expected = refusals.find((refusal) => refusal === code)
      if (expected === undefined) throw error
      return expected
    }
  }
}
