// Composes the rows and changes of a use case into one prepared statement, which is one transaction.
import type { EntityMetadata, EntityName } from '@mikro-orm/postgresql'
import { type Change, isChange, type Part } from './change.js'
import type { Statement } from './connection.js'
import { FromChange, type Row } from './row.js'

/** A table with its columns. */
interface Table {
  readonly name: string
  /** The stored properties with their columns. */
  readonly columns: readonly (readonly [property: string, column: string])[]
}

/** Rows of one table with the same form, which are one insert with one parameter, however many they are. */
interface RowSet {
  readonly table: Table
  /** The columns that take their value from a change; the same in all rows. */
  readonly fromChange: ReadonlyMap<string, FromChange>
  readonly rows: Row[]
}

/** A composed statement with its values. */
export interface Composed {
  readonly statement: Statement
  readonly values: readonly unknown[]
  /** The changes in the order of their names in the statement: `c0`, `c1`, … */
  readonly changes: readonly Change[]
}

const quote = (identifier: string): string => `"${identifier}"`

/**
 * Writes bytes and big numbers as text, which PostgreSQL parses, because JSON has neither. Leaves out values of
 * changes.
 */
const jsonOf = (value: unknown): unknown => {
  if (value instanceof FromChange) return undefined
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return typeof value === 'bigint' ? value.toString() : value
}

/** The rows of a set as the parameter of the insert. */
const parameterOf = ({ table, rows }: RowSet): string =>
  JSON.stringify(
    rows.map(({ values }) =>
      Object.fromEntries(table.columns.map(([property, column]) => [column, jsonOf(values[property])])),
    ),
  )

/** Composes each statement once. The number of kept statements depends on the code, not on the data. */
export class Composer {
  readonly #tables = new Map<EntityName, Table>()
  readonly #statements = new Map<string, Statement>()

  constructor(private readonly describe: (entity: EntityName) => EntityMetadata) {}

  /** The table of a row. */
  tableOf(row: Row): string {
    return this.#tableOf(row.entity).name
  }

  /**
   * The parts as one statement. With `leads`, the first part is a change whose rows are the result, and nothing is
   * written unless it has an effect.
   */
  compose(parts: readonly Part[], { leads }: { readonly leads: boolean }): Composed {
    const changes = parts.filter(isChange)
    const sets = this.#setsOf(parts.filter((part): part is Row => !isChange(part)))
    const values = [...changes.flatMap((change) => change.values), ...sets.map(parameterOf)]
    const key = [
      ...changes.map(({ statement, otherwise }) => `${statement.name}${otherwise === undefined ? '' : '!'}`),
      ...sets.map(shapeOf),
      leads,
    ].join('+')
    const known = this.#statements.get(key)
    if (known !== undefined) return { statement: known, values, changes }
    const statement = {
      name: `idem_write_${this.#statements.size}`,
      text: textOf(changes, sets, leads),
    }
    this.#statements.set(key, statement)
    return { statement, values, changes }
  }

  #setsOf(rows: readonly Row[]): RowSet[] {
    const sets = new Map<string, RowSet>()
    for (const row of rows) {
      const table = this.#tableOf(row.entity)
      const fromChange = new Map(
        table.columns.flatMap(([property, column]) => {
          const value = row.values[property]
          return value instanceof FromChange ? [[column, value]] : []
        }),
      )
      const set = { table, fromChange, rows: [row] }
      const shape = shapeOf(set)
      const known = sets.get(shape)
      if (known === undefined) sets.set(shape, set)
      else known.rows.push(row)
    }
    return [...sets.values()]
  }

  #tableOf(entity: EntityName): Table {
    const known = this.#tables.get(entity)
    if (known !== undefined) return known
    const { tableName, props } = this.describe(entity)
    // What the database counts has its default there; ids are our own.
    const columns = props.flatMap(({ name, fieldNames, autoincrement, primary }) =>
      fieldNames?.[0] === undefined || (autoincrement && !primary) ? [] : [[name, fieldNames[0]] as const],
    )
    const table = { name: tableName, columns }
    this.#tables.set(entity, table)
    return table
  }
}

const shapeOf = ({ table, fromChange }: RowSet): string =>
  [
    table.name,
    ...[...fromChange].map(([column, { column: from, statement }]) => `${column}=${statement ?? ''}.${from}`),
  ].join(' ')

/**
 * `with c0 as (update …), c1 as (…), r0 as (insert …), required as (…) select …`. Rows are inserted only if the leading
 * change had an effect. A required change without an effect raises an error (`idem_require`), which undoes everything.
 */
const textOf = (changes: readonly Change[], sets: readonly RowSet[], leads: boolean): string => {
  // Other changes cannot be made conditional from outside, so with others beside it the leading change is required.
  const required = changes.flatMap(({ otherwise }, index) =>
    otherwise !== undefined || (leads && index === 0 && changes.length > 1) ? [`c${index}`] : [],
  )
  const queries = [
    ...changeQueries(changes),
    ...sets.map((set, index) => insertQuery(set, { index, changes, leads })),
    ...(required.length === 0 ? [] : [requiredQuery(required)]),
  ]
  const result = leads ? 'c0.*' : '1'
  const source = [
    ...(required.length === 0 ? [] : ['required']),
    ...(leads ? [required.length === 0 ? 'c0' : 'left join c0 on true'] : []),
  ]
  return `with ${queries.join(', ')} select ${result}${source.length === 0 ? '' : ` from ${source.join(' ')}`}`
}

/** The changes with their placeholders renumbered by the number of values before each. */
const changeQueries = (changes: readonly Change[]): string[] => {
  let before = 0
  return changes.map(({ statement, values }, index) => {
    const offset = before
    before += values.length
    const text = statement.text.replace(/\$(\d+)/g, (_, place) => `$${Number(place) + offset}`)
    return `c${index} as (${text})`
  })
}

interface InsertPlace {
  readonly index: number
  readonly changes: readonly Change[]
  readonly leads: boolean
}

/** An insert from JSON, because `unnest` would flatten nested arrays. */
const insertQuery = ({ table, fromChange }: RowSet, { index, changes, leads }: InsertPlace): string => {
  const parameter = changes.flatMap(({ values }) => values).length + index + 1
  const columns = table.columns.map(([, column]) => quote(column)).join(', ')
  const values = table.columns.map(([, column]) => {
    const from = fromChange.get(column)
    return from === undefined ? quote(column) : `(select ${from.column} from ${nameOf(from, changes, leads)})`
  })
  const source = `json_populate_recordset(null::${quote(table.name)}, $${parameter}::json)`
  const gate = leads ? ' where exists (select 1 from c0)' : ''
  return `r${index} as (insert into ${quote(table.name)} (${columns}) select ${values.join(', ')} from ${source}${gate})`
}

const nameOf = ({ statement }: FromChange, changes: readonly Change[], leads: boolean): string => {
  const index =
    statement === null ? (leads ? 0 : -1) : changes.findIndex((change) => change.statement.name === statement)
  if (index === -1)
    throw new Error(`no change ${statement ?? 'that leads'} beside the row that takes its value`)
  return `c${index}`
}

/** Materialized, so that PostgreSQL computes it although its columns are not read. */
const requiredQuery = (names: readonly string[]): string =>
  `required as materialized (select ${names
    .map((name) => `idem_require(exists (select 1 from ${name}), '${name}') as ${name}`)
    .join(', ')})`
