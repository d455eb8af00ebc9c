// A database with a table of things, and what writes to it, for the tests of what writes.
import { defineEntity, p } from '@mikro-orm/postgresql'
import { onTestFinished } from 'vitest'
import { Call } from '../../../src/database/call.js'
import type { Change } from '../../../src/database/change.js'
import { Database } from '../../../src/database/database.js'
import { type Refusals, type Row, rowOf } from '../../../src/database/row.js'
import { Failure } from '../../../src/failure.js'
import { createMetrics } from '../../../src/runtime/metrics.js'
import { createDatabase, silentLogger } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const ThingSchema = defineEntity({
  name: 'Thing',
  tableName: 'thing',
  properties: {
    id: p.integer().primary(),
    name: p.text().strictNullable(),
    tags: p.array(),
    detail: p.json<unknown>(),
    bytes: p.blob().strictNullable(),
    count: p.integer(),
    at: p.datetime(),
  },
})

/** A thing: a column of each type that rows have. */
export class Thing extends ThingSchema.class {}
ThingSchema.setClass(Thing)

const table = `create table thing (
  id int not null constraint thing_pkey primary key,
  name text null constraint thing_name_unique unique,
  tags text[] not null,
  detail jsonb not null,
  bytes bytea null,
  count int not null constraint thing_count_check check (count >= 0),
  at timestamptz not null
)`

/** When every thing was made. */
export const madeAt = new Date('2026-10-19T07:00:00.123Z')

const refusals: Refusals = {
  thing_pkey: () => new Failure('CONFLICT', 'The id is taken.'),
  thing_name_unique: () => new Failure('CONFLICT', 'The name is taken.'),
}

/** The row of a thing. */
export const thing = (id: number, values: Partial<Thing> = {}): Row =>
  rowOf(
    Thing,
    { id, name: null, tags: [], detail: {}, bytes: null, count: 0, at: madeAt, ...values },
    refusals,
  )

/** Raises the count of a thing by one, if it is what it is said to be. */
export const raise = (id: number, from: number): Change => ({
  statement: {
    name: 'test_raise',
    text: 'update thing set count = count + 1 where id = $1::int and count = $2::int returning id, count, at',
  },
  values: [id, from],
})

/** Gives a thing a name. */
export const rename = (id: number, name: string): Change => ({
  statement: {
    name: 'test_rename',
    text: 'update thing set name = $2::text where id = $1::int returning name',
  },
  values: [id, name],
  refusals,
})

/** Gives a thing an id. */
export const renumber = (id: number, to: number): Change => ({
  statement: { name: 'test_renumber', text: 'update thing set id = $2::int where id = $1::int returning id' },
  values: [id, to],
  refusals,
})

/** The database, a call of nobody's, and a look behind their backs. */
export interface Things {
  readonly database: Database
  readonly call: Call
  readonly tables: Tables
  readonly metrics: ReturnType<typeof createMetrics>
  /** Each thing as `id name count`, in the order of their ids. */
  list(): Promise<string[]>
}

/** Opens them; they are closed after the test. */
export const openThings = async (poolSize = 3): Promise<Things> => {
  const url = await createDatabase()
  const tables = await Tables.open(url)
  onTestFinished(async () => await tables.close())
  await tables.query(table)
  const metrics = createMetrics()
  const database = await Database.open({ url, poolSize, entities: [Thing], logger: silentLogger, metrics })
  onTestFinished(async () => await database.close())
  const source = { network: 'none', address: 'none', userAgent: null, acceptLanguage: null }
  const call = new Call(database, { principal: null, now: madeAt, requestId: 'test', source })
  const list = async () =>
    (await tables.query('select id, name, count from thing order by id')).map(
      ({ id, name, count }) => `${id} ${name ?? '-'} ${count}`,
    )
  return { database, call, tables, metrics, list }
}
