// Every table that names an account is in the export and in the deletion; a new one fails here until it is in both.
import { expect, test } from 'vitest'
import { exportSections } from '../../../src/account-data/export-sections.js'
import { personalParts } from '../../../src/account-data/personal-parts.js'
import { accountColumns } from '../../../src/merge/account-columns.js'
import { createDatabase } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

/** What a deletion does with the tables that `personalParts` does not name. */
const otherwiseDeleted: Readonly<Record<string, string>> = {
  account: 'the row stays, with its personal columns emptied (Accounts.entomb)',
  handle: 'given up; one that was used for a day stays with the account for ever (Handles.giveUpAll)',
  session: 'removed before the identities, and counted (DueAccounts.remove)',
}

/** Tables with a foreign key to `account`, or with a column that is called like the id of an account. */
const namingAccounts = `
  select distinct c.table_name as name from information_schema.columns c
    where c.table_schema = 'public' and c.data_type in ('uuid', 'ARRAY')
      and c.column_name ~ '(^|_)(account|actor|survivor|absorbed|merged_into|owner)_ids?$'
  union
  select r.relname from pg_constraint k join pg_class r on r.oid = k.conrelid
    where k.contype = 'f' and k.confrelid = '"account"'::regclass
  union
  -- The journal of a merge holds rows of both accounts.
  select r.relname from pg_constraint k join pg_class r on r.oid = k.conrelid
    where k.contype = 'f' and k.confrelid = '"merge"'::regclass
  union
  -- By address: what an address has got or proven is its owner's.
  select c.table_name from information_schema.columns c
    where c.table_schema = 'public' and c.column_name in ('address', 'mail_to', 'address_hash', 'source_address')
  order by 1`

test('every table that names an account or an address is exported, and deleted', async () => {
  const tables = await Tables.open(await createDatabase())
  const names: string[] = (await tables.query(namingAccounts)).map(({ name }) => name)
  await tables.close()
  expect(names).toEqual(
    expect.arrayContaining(['account', 'audit_entry', 'held_challenge', 'mail', 'session']),
  )
  const exported = new Set(exportSections.flatMap((section) => section.tables))
  const deleted = new Set([...personalParts.map(({ table }) => table), ...Object.keys(otherwiseDeleted)])
  expect(names.filter((name) => !exported.has(name))).toEqual([])
  expect(names.filter((name) => !deleted.has(name))).toEqual([])
  const declared = accountColumns.map(({ table }) => table)
  expect(declared.filter((name) => !exported.has(name) || !deleted.has(name))).toEqual([])
  expect([...exported, ...deleted].filter((name) => !names.includes(name))).toEqual([])
})
