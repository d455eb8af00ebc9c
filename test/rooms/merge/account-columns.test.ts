// Every column that holds an account's id is declared as one that a merge moves, or that stays; no other is.
import { expect, test } from 'vitest'
import { accountColumns } from '../../../src/merge/account-columns.js'
import { serviceOfFile } from '../../support/service-of-file.js'

const { tables } = await serviceOfFile()

/** Columns of uuids in tables of ours that hold other ids than those of accounts. */
const otherIds = new Set([
  'audit_entry.session_id',
  'session.identity_id',
  'held_challenge.session_id',
  'mail.cause_id',
  'mail.leased_by',
  'merge_row.merge_id',
  'webhook_delivery.endpoint_id',
  'webhook_delivery.event_id',
  'webhook_delivery.leased_by',
  'webhook_event.merge_id',
])

const nameOf = ({ table, column }: { readonly table: string; readonly column: string }) =>
  `${table}.${column}`

test('every column that may hold the id of an account is declared', async () => {
  const referring = await tables.query(`select c.conrelid::regclass::text as table, a.attname as column
    from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
    where c.contype = 'f' and c.confrelid = 'account'::regclass`)
  // Whatever its name is: only the primary key of a table is its own id. With lists of uuids, and ids kept as text.
  const possible = await tables.query(`select c.table_name as table, c.column_name as column
    from information_schema.columns c where c.table_schema = 'public' and c.column_name <> 'id'
      and (c.data_type = 'uuid' or c.udt_name = '_uuid' or c.column_name ~ '(^|_)(account|actor|survivor|absorbed)')`)
  const declared = new Set(accountColumns.map(nameOf))
  const found = new Set([...referring, ...possible].map((row) => nameOf(row)))
  expect(referring.map(nameOf).filter((name) => otherIds.has(name))).toEqual([])
  expect([...found].filter((name) => !declared.has(name) && !otherIds.has(name))).toEqual([])
  expect([...declared, ...otherIds].filter((name) => !found.has(name))).toEqual([])
  for (const { why } of accountColumns) expect(why).not.toBe('')
})
