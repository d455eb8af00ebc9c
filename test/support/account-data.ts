// What the owner of an account asks about its data, and what the worker does with accounts that are due.
import { randomUUID } from 'node:crypto'
import { deleteDueAccounts } from '../../src/account-data/delete-due-accounts.js'
import { deletionDays } from '../../src/accounts/deletion.js'
import { dataOf } from './calls.js'
import type { Answer, TestService } from './start-service.js'
import type { Tables } from './tables.js'

/** How long an account that is to be deleted still exists, in seconds. */
export const deletionSeconds = deletionDays * 24 * 3_600

/** Begins the deletion of the bearer's account. */
export const tryDelete = async (idem: TestService, accessToken: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation { deleteAccount { dueAt account { id handle deletionDueAt } } }')

/** Keeps the bearer's account. */
export const tryKeep = async (idem: TestService, accessToken: string): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation { cancelAccountDeletion { id deletionDueAt } }')

/** What the worker does each hour; returns how many accounts were due. */
export const deleteDue = async (idem: TestService, limit = 1_000): Promise<number> => {
  const { foundation, options } = idem
  const needs = { ...foundation, random: options.random, logger: options.logger }
  const call = foundation.ownCall()
  return await deleteDueAccounts(call, { before: call.now, limit }, needs)
}

/** A page of an export, or all of it. */
// biome-ignore lint/suspicious/noExplicitAny: each test reads other entries
export type Exported = Readonly<Record<string, any>>

/** One page of the export of the bearer's account. */
export const tryExport = async (
  idem: TestService,
  accessToken: string,
  after: string | null = null,
): Promise<Answer> =>
  await idem.askAs(accessToken, 'mutation ($after: String) { exportAccount(after: $after) }', { after })

/** The pages of the export of the bearer's account, in their order. */
export const exportPages = async (idem: TestService, accessToken: string): Promise<Exported[]> => {
  const pages: Exported[] = []
  for (let after: string | null = null; pages.length === 0 || after !== null; ) {
    const page: Exported = dataOf(await tryExport(idem, accessToken, after)).exportAccount
    pages.push(page)
    after = page['next']
  }
  return pages
}

/** The tables in which a text occurs, in whichever column. */
export const tablesWith = async (tables: Tables, text: string): Promise<string[]> => {
  const names = await tables.query(
    "select tablename as name from pg_tables where schemaname = 'public' order by tablename",
  )
  const selects = names.map(
    ({ name }) => `select '${name}' as name where exists (
      select 1 from "${name}" t where position($1 in to_jsonb(t)::text) > 0)`,
  )
  return (await tables.query(selects.join(' union all '), [text])).map(({ name }) => name)
}

/** Inserts a row; columns that are not given are null. */
export const insertRow = async (
  tables: Tables,
  table: string,
  row: Readonly<Record<string, unknown>>,
): Promise<void> => {
  await tables.query(`insert into ${table} select * from jsonb_populate_record(null::${table}, $1::jsonb)`, [
    JSON.stringify(row),
  ])
}

/** A merge into the account with its journal, and an event of it that was delivered; their texts are `name`. */
export const insertMergeAndEvent = async (tables: Tables, accountId: string, name: string): Promise<void> => {
  const at = '2026-01-02T03:04:05.678Z'
  const [mergeId, absorbedId, endpointId, eventId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const insert = async (table: string, row: object) =>
    await insertRow(tables, table, { created_at: at, ...row })
  const absorbed = { kind: 'PERSON', level: 'aal1', sign_in_notices: true, merged_into_id: accountId }
  await insert('account', { id: absorbedId, absorbed_ids: [], ...absorbed })
  await insert('merge', {
    id: mergeId,
    survivor_id: accountId,
    absorbed_id: absorbedId,
    rule: 'CHOSEN',
    why: 'Chosen.',
    resolutions: [],
    proofs: [],
    before: { survivor: { displayName: name }, absorbed: { displayName: name } },
    after: { survivor: { displayName: name } },
    merged_at: at,
    undoable_until: at,
  })
  const journalled = {
    merge_id: mergeId,
    table_name: 'identity',
    row_key: name,
    side: 'survivor',
    fate: 'held',
  }
  await insert('merge_row', { ...journalled, row: { subject: name, credential: 'SECRET' } })
  const event = {
    id: eventId,
    account_id: accountId,
    seq: 1,
    type: 'account.updated',
    payload: { handle: name },
  }
  await insert('webhook_event', { ...event, at, fanned_out_at: at })
  const keys = { sealed_keys: 'SECRET', public_key: 'SECRET' }
  await insert('webhook_endpoint', {
    id: endpointId,
    url: 'https://SECRET.example',
    is_enabled: false,
    ...keys,
  })
  await insert('webhook_delivery', {
    id: randomUUID(),
    endpoint_id: endpointId,
    event_id: eventId,
    account_id: accountId,
    seq: 1,
    state: 'DELIVERED',
    attempts: 1,
    next_attempt_at: at,
    acknowledged_at: at,
    answer: `hello ${name}`,
  })
}
