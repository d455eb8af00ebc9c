// What the owner of an account asks about its data, and what the worker does with accounts that are due.
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
