// The migrations: they make the tables that the entities describe, once, however many processes start at once.
import { expect, inject, test, vi } from 'vitest'
import type { Database } from '../../../src/database/database.js'
import { migrate, pendingMigrations } from '../../../src/database/migrate.js'
import { openDatabase as open } from '../../support/open-database.js'
import { databaseUrl, onServer } from '../../support/postgres.js'
import { createDatabase } from '../../support/start-service.js'

test('the tables are those that the entities describe', async () => {
  const database = await open(await createDatabase())
  const difference = await database.orm.schema.getUpdateSchemaSQL({ safe: false, dropTables: true })
  // The triggers that notify are the migrations' own, and the queue's schema is BullMQ's: the ORM describes neither.
  const statements = difference
    .split('\n')
    .filter((line) => !/^(|set .*|drop (trigger|function) .*|.*"bullmq".*)$/.test(line))
  expect(statements).toEqual([])
})

test('four processes that start at once apply each migration once', async () => {
  const server = inject('postgresUrl')
  const name = 'migrated_by_four'
  await onServer(server, `create database ${name}`)
  const databases = await Promise.all([1, 2, 3, 4].map(async () => await open(databaseUrl(server, name))))
  expect(await pendingMigrations(databases[0] as Database)).not.toEqual([])
  const applied = await Promise.all(databases.map(async (database) => await migrate(database)))
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
  expect(await pendingMigrations(databases[0] as Database)).toEqual([])
})

/** Has the first migration take 6.5 s: longer than PostgreSQL, and than pg, would wait for a statement of a request. */
const slowDown = `
  create function dawdle() returns event_trigger language plpgsql as $$
  begin
    if current_query() like '%"account"%' and current_setting('idem.dawdled', true) is null then
      perform set_config('idem.dawdled', 'yes', false);
      perform pg_sleep(6.5);
    end if;
  end $$;
  create event trigger dawdle on ddl_command_start execute function dawdle()`

test('a migration may take longer than any request', async () => {
  const database = await open(await createDatabase({ empty: true }))
  await onServer(database.url, slowDown)
  const startedAt = performance.now()
  expect(await migrate(database)).not.toEqual([])
  expect(performance.now() - startedAt).toBeGreaterThan(6_400)
  expect(await pendingMigrations(database)).toEqual([])
})

test('a migration whose lock is lost on the way does not end the process', async () => {
  const database = await open(await createDatabase({ empty: true }))
  await onServer(database.url, slowDown)
  const migrated = migrate(database)
  await vi.waitFor(async () => {
    const ended = await database.orm.em.execute(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'idem migrate' and datname = current_database()
         and exists (select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())`,
    )
    expect(ended).toHaveLength(1)
  }, 5_000)
  expect(await migrated).not.toEqual([])
})
