// Inserts the rows that nouns describe: together as one prepared statement, or one by one in an open transaction.
import type { EntityManager, EntityMetadata } from '@mikro-orm/postgresql'
import type { Database, Statement } from './database.js'
import { FromChange, type Row } from './row.js'
import { uniqueViolationTable } from './storage-errors.js'

/** A change with its own condition: rows are inserted only when it changed something. */
export interface ConditionalChange {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

/** One value of a row with its place in the table. */
interface Cell {
  readonly column: string
  readonly type: string
  readonly value: unknown
}

/** One row with its table. */
interface TableRow {
  readonly table: string
  readonly cells: readonly Cell[]
  readonly row: Row
}

const cellsOf = (meta: EntityMetadata, row: Row): Cell[] =>
  meta.props.flatMap((prop) => {
    const [column, type] = [prop.fieldNames?.[0], prop.columnTypes?.[0]]
    return column === undefined || type === undefined ? [] : [{ column, type, value: row.values[prop.name] }]
  })

const placeRow = (database: Database, row: Row): TableRow => {
  const meta = database.describe(row.entity)
  return { table: meta.tableName, cells: cellsOf(meta, row), row }
}

/** `with changed as (…), r0 as (insert …), r1 as (insert …) select …`: sibling statements are one transaction. */
const compose = (rows: readonly TableRow[], change: ConditionalChange | null): string => {
  let parameter = change === null ? 0 : change.values.length
  const inserts = rows.map(({ table, cells }, index) => {
    const columns = cells.map(({ column }) => `"${column}"`).join(', ')
    const values = cells.map(({ type, value }) =>
      value instanceof FromChange ? `(select ${value.column} from changed)` : `$${++parameter}::${type}`,
    )
    const condition = change === null ? '' : ' where exists (select 1 from changed)'
    return `r${index} as (insert into "${table}" (${columns}) select ${values.join(', ')}${condition})`
  })
  if (change === null) return `with ${inserts.join(', ')} select 1`
  return `with ${[`changed as (${change.statement.text})`, ...inserts].join(', ')} select * from changed`
}

/** The columns that take their value from the change: they shape the statement too. */
const fromChange = (cells: readonly Cell[]): string[] =>
  cells.filter(({ value }) => value instanceof FromChange).map(({ column }) => column)

/** A use case writes the same tables each time, so each composition is made, and prepared, once. */
const statementFor = (
  database: Database,
  rows: readonly TableRow[],
  change: ConditionalChange | null,
): Statement => {
  const shapes = rows.map(({ table, cells }) => [table, ...fromChange(cells)].join('.'))
  const key = [change?.statement.name ?? '', ...shapes].join('+')
  const known = database.composed.get(key)
  if (known !== undefined) return known
  const statement = { name: `idem_write_${database.composed.size}`, text: compose(rows, change) }
  database.composed.set(key, statement)
  return statement
}

/** pg would print a date in local time, which costs more and says the same. */
const parameterOf = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value)

/** Translates a unique violation into the refusal of the row it hit; any other error stays what it is. */
const refusalOf = (error: unknown, rows: readonly TableRow[]): unknown => {
  const violated = uniqueViolationTable(error)
  return rows.find(({ table }) => table === violated)?.row.taken() ?? error
}

const execute = async <R>(
  database: Database,
  rows: readonly TableRow[],
  change: ConditionalChange | null,
): Promise<R[]> => {
  const values = rows.flatMap(({ cells }) =>
    cells.filter(({ value }) => !(value instanceof FromChange)).map(({ value }) => value),
  )
  try {
    return await database.run<R>(
      statementFor(database, rows, change),
      [...(change?.values ?? []), ...values].map(parameterOf),
    )
  } catch (error) {
    throw refusalOf(error, rows)
  }
}

/** Inserts rows as one statement, hence as one transaction; foreign keys between them hold at its end. */
export const insertTogether = async (database: Database, rows: readonly Row[]): Promise<void> => {
  await execute(
    database,
    rows.map((row) => placeRow(database, row)),
    null,
  )
}

/** Makes a change and, when it took effect, inserts rows, all as one statement. Returns what the change returned. */
export const changeAndInsert = async <R>(
  database: Database,
  change: ConditionalChange,
  rows: readonly Row[],
): Promise<R[]> =>
  await execute<R>(
    database,
    rows.map((row) => placeRow(database, row)),
    change,
  )

/** Inserts rows inside of a transaction that also does other things. */
export const insertOneByOne = async (
  em: EntityManager,
  database: Database,
  rows: readonly Row[],
): Promise<void> => {
  for (const row of rows) {
    if (Object.values(row.values).some((value) => value instanceof FromChange))
      throw new Error('FromChange has a meaning only beside a change')
    try {
      await em.insert(row.entity, row.values)
    } catch (error) {
      throw refusalOf(error, [placeRow(database, row)])
    }
  }
}
