// A section of an export: one kind of data, and the SQL that reads it.

/** One section, read by pages in the order of its keys. */
export interface ExportSection {
  /** Its name in the document. */
  readonly name: string
  /** The tables whose rows it shows. */
  readonly tables: readonly string[]
  /** `id`: the key is a UUID. `text`: it is a text, compared by its bytes. */
  readonly keyedBy: 'id' | 'text'
  /**
   * Reads at most `$5` rows after the key `after` (SQL) in the order of the keys, as columns `key` and `entry`. `$1` is
   * the ids of the account and of those merged into it, `$2` the addresses that they have verified.
   */
  readonly query: (after: string) => string
}

/** RFC 3339 in UTC with milliseconds, whatever the time zone of the session is. */
export const at = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The fields of an entry: a name and the SQL of its value. */
export type Fields = Readonly<Record<string, string>>

/** The SQL of the object of an entry. */
export const entryOf = (fields: Fields): string =>
  `jsonb_build_object(${Object.entries(fields)
    .map(([name, sql]) => `'${name}', ${sql}`)
    .join(', ')})`

/** The rows of a table with an `account_id`. Of each account only as many are read as a page can show. */
export const owned = (name: string, table: string, fields: Fields): ExportSection => ({
  name,
  tables: [table],
  keyedBy: 'id',
  query: (after) => `select own.key, own.entry from unnest($1::uuid[]) as owner (id) cross join lateral (
      select t.id as key, ${entryOf({ id: 't.id', accountId: 't.account_id', ...fields })} as entry from ${table} t
      where t.account_id = owner.id and t.id > ${after} order by t.id limit $5::int) own
    order by own.key limit $5::int`,
})
