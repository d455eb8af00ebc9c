// Where the tables live: in the schema of the setting, whatever the role's own path, and beside other installations.
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { askMe } from '../../support/calls.js'
import { KeyOwner } from '../../support/key-owner.js'
import { onServer } from '../../support/postgres.js'
import { IdemProcess } from '../../support/process.js'
import { createDatabase, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const patience = { timeout: 20_000, interval: 50 }

/** A database of a role that looks names up in a schema of its own, and a look at it. */
const databaseOfRoleWithPath = async () => {
  const url = new URL(await createDatabase({ empty: true }))
  const name = url.pathname.slice(1)
  await onServer(inject('postgresUrl'), `create role ${name} login password 'path'`)
  await onServer(inject('postgresUrl'), `alter database ${name} owner to ${name}`)
  await onServer(inject('postgresUrl'), `alter role ${name} set search_path = elsewhere, public`)
  await onServer(url.href, `create schema elsewhere authorization ${name}`)
  const tables = await Tables.open(url.href)
  onTestFinished(async () => await tables.close())
  url.username = name
  url.password = 'path'
  return { url: url.href, tables }
}

/** Serves and works in a process of its own. */
const start = async (databaseUrl: string, environment: Readonly<Record<string, string>>) => {
  const secret = 'the-secret-of-the-schemas-of-this-test'
  const process = await IdemProcess.start({
    DATABASE_URL: databaseUrl,
    IDEM_SECRET: secret,
    IDEM_PUBLIC_URL: 'http://localhost:4000',
    SMTP_URL: '',
    ...environment,
  })
  onTestFinished(async () => void (await process.stop()))
  await process.ready()
  return { process, idem: process.asService(databaseUrl) }
}

const askForMail = async (idem: TestService, address: string): Promise<void> => {
  const answer = await idem.ask(
    'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }',
    { input: { email: { address } } },
  )
  expect(answer.errors).toEqual([])
}

const tablesOf = async (tables: Tables): Promise<Record<string, string[]>> => {
  const rows =
    await tables.query(`select schemaname as schema, array_agg(tablename::text order by tablename) as names
    from pg_tables where schemaname not in ('pg_catalog', 'information_schema') group by 1`)
  return Object.fromEntries(rows.map(({ schema, names }) => [schema, names]))
}

test.each([
  ['public', 'bullmq', {}],
  ['idem', 'idem_bullmq', { IDEM_DATABASE_SCHEMA: 'idem' }],
])(
  'with a role that has a path of its own, everything is in %s and %s, at the first start and the second',
  async (schema, queue, environment) => {
    const { url, tables } = await databaseOfRoleWithPath()
    const first = await start(url, environment)
    const { accessToken, accountId } = await new KeyOwner(first.idem).signIn('ada')
    await askForMail(first.idem, 'ada@example.org')
    const done = async () =>
      await tables.query(`select 1 from ${schema}.outbox_entry where done_at is not null`)
    await vi.waitFor(async () => expect(await done()).toHaveLength(1), patience)
    await first.process.stop()
    const placed = await tablesOf(tables)
    expect(Object.keys(placed).sort()).toEqual([queue, schema].sort())
    expect(placed[schema]).toEqual(expect.arrayContaining(['account', 'migration', 'session']))
    expect(placed[queue]).toEqual(expect.arrayContaining(['job', 'migration']))

    const second = await start(url, environment)
    expect(second.process.stdout).not.toContain('migrations applied')
    expect((await askMe(second.idem, accessToken)).data.me.id).toBe(accountId)
    await askForMail(second.idem, 'grace@example.org')
    await vi.waitFor(async () => expect(await done()).toHaveLength(2), patience)
    expect(await tablesOf(tables)).toEqual(placed)
  },
  120_000,
)

test('two installations in one database know nothing of each other', async () => {
  const url = await createDatabase({ empty: true })
  const one = await start(url, { IDEM_DATABASE_SCHEMA: 'one' })
  const two = await start(url, { IDEM_DATABASE_SCHEMA: 'two' })
  const ada = await new KeyOwner(one.idem).signIn('ada')
  const other = await new KeyOwner(two.idem).signIn('ada')
  expect(other.accountId).not.toBe(ada.accountId)
  await two.process.stop()
  const tables = await Tables.open(url)
  onTestFinished(async () => await tables.close())
  await tables.query(`insert into two.outbox_entry (id, job, payload, created_at)
    values (gen_random_uuid(), 'send-mail', '{"mailId": "none"}', now())`)
  await askForMail(one.idem, 'ada@example.org')
  await vi.waitFor(async () => {
    const rows = await tables.query('select 1 from one.outbox_entry where done_at is not null')
    expect(rows).toHaveLength(1)
  }, patience)
  expect(await tables.query('select 1 from two.outbox_entry where relayed_at is null')).toHaveLength(1)
  expect(await tables.query('select 1 from two_bullmq.job where name = $1', ['send-mail'])).toEqual([])
}, 120_000)

test('options of the URL reach every connection', async () => {
  const url = await createDatabase()
  // PostgreSQL tells of no session which options it was started with; of this one it tells what it does.
  const { idem, process } = await start(`${url}?options=-c%20track_activities%3Doff`, {})
  await new KeyOwner(idem).signIn('ada')
  const tables = await Tables.open(url)
  onTestFinished(async () => await tables.close())
  const sessions = await tables.query(`select application_name as name, state from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
  expect(new Set(sessions.map(({ name }) => name))).toEqual(new Set(['idem', 'idem listener', 'idem queue']))
  expect(sessions.filter(({ state }) => state !== 'disabled')).toEqual([])
  await process.stop()
})

test('what a trigger writes is found by a session that looks names up elsewhere', async () => {
  const url = await createDatabase()
  const tables = await Tables.open(url)
  onTestFinished(async () => await tables.close())
  const id = '01990000-0000-7000-8000-000000000001'
  await tables.query(
    `insert into mail (id, kind, cause_id, address, state, created_at, network)
     values ($1, 'challenge', $1, 'ada@example.org', 'sent', now(), '192.0.2.0/24')`,
    [id],
  )
  await tables.query(`set search_path to ''`)
  await tables.query('insert into public.spent_challenge (nonce, expires_at) values ($1, now())', [id])
  expect(await tables.query('select network from public.known_network')).toEqual([
    { network: '192.0.2.0/24' },
  ])
})
