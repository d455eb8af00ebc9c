// A migration that waits for a lock says after a while for which one, and who holds it.
import pg from 'pg'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { onServer } from '../../support/postgres.js'
import { IdemProcess } from '../../support/process.js'
import { createDatabase } from '../../support/start-service.js'

/** A transaction of somebody else's, which holds a lock until it is let go. */
const hold = async (databaseUrl: string, statement: string) => {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'psql of ada' })
  await client.connect()
  onTestFinished(async () => await client.end())
  await client.query('begin')
  await client.query(statement)
  const { rows } = await client.query('select pg_backend_pid() as pid')
  return { pid: Number(rows[0].pid), letGo: async () => void (await client.query('commit')) }
}

test.each([
  ['advisory lock', 'select pg_advisory_xact_lock(1768187245)'],
  ['table migration', 'lock table migration'],
  // What BullMQ takes for its own migrations.
  ['advisory lock', "select pg_advisory_xact_lock(1112886348, hashtext('bullmq'))"],
])('it waits for the %s: %s, longer than a role may', async (lock, statement) => {
  const databaseUrl = await createDatabase()
  const name = new URL(databaseUrl).pathname.slice(1)
  for (const limit of ['statement_timeout', 'lock_timeout'])
    await onServer(inject('postgresUrl'), `alter database "${name}" set ${limit} = '2s'`)
  const holder = await hold(databaseUrl, statement)
  const process = await IdemProcess.start({ DATABASE_URL: databaseUrl, IDEM_SECRET: 'x'.repeat(32) }, [
    'migrate',
  ])
  const told = await vi.waitFor(
    () => {
      const lines = process.stdout.split('\n').filter((line) => line.includes('waits for'))
      expect(lines, process.stdout).toHaveLength(1)
      return JSON.parse(String(lines[0]))
    },
    { timeout: 30_000, interval: 100 },
  )
  expect(told).toMatchObject({ level: 'warn', heldBy: [holder.pid] })
  expect(told.msg).toMatch(
    new RegExp(
      `^a migration waits for a ${lock}, held by process ${holder.pid} of PostgreSQL ` +
        '\\(application "psql of ada", address 127.0.0.1, idle in transaction, since 2\\S+Z\\)$',
    ),
  )
  await holder.letGo()
  expect(await process.ended()).toMatchObject({ exitCode: 0, stderr: '' })
})
