// Behind PgBouncer: everything works where sessions are kept, requests where they are lent; else one sentence says what to do.
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import { keepsSession, requireLentPath } from '../../../src/database/check-pooling.js'
import { Database } from '../../../src/database/database.js'
import { entities } from '../../../src/entities.js'
import { problemKinds } from '../../../src/failure.js'
import { createMetrics } from '../../../src/runtime/metrics.js'
import { askMe, untilRefused } from '../../support/calls.js'
import { expectSignedIn, KeyOwner } from '../../support/key-owner.js'
import { describeWithPgBouncer, startPgBouncer } from '../../support/pgbouncer.js'
import { type Ended, IdemProcess } from '../../support/process.js'
import { createDatabase, silentLogger, type TestService } from '../../support/start-service.js'
import { Tables } from '../../support/tables.js'

const patience = { timeout: 20_000, interval: 50 }
const own = {
  IDEM_SECRET: 'the-secret-of-the-poolers-of-this-test',
  IDEM_PUBLIC_URL: 'http://localhost:4000',
  SMTP_URL: '',
  IDEM_DATABASE_POOL_SIZE: '4',
}

const run = async (environment: Readonly<Record<string, string>>, words: readonly string[] = []) =>
  await IdemProcess.start({ ...own, ...environment }, words)

const start = async (environment: Readonly<Record<string, string>>) => {
  const process = await run(environment)
  onTestFinished(async () => void (await process.stop()))
  await process.ready()
  return { process, idem: process.asService('') }
}

const refusalOf = async (
  environment: Readonly<Record<string, string>>,
  words: readonly string[] = [],
): Promise<Ended> => {
  const ended = await (await run(environment, words)).ended()
  expect(ended).toMatchObject({ exitCode: problemKinds.settings.exitStatus })
  expect(ended.stderr.trim().split('\n'), 'one sentence and no stack').toHaveLength(1)
  return ended
}

const open = async (url: string): Promise<Tables> => {
  const tables = await Tables.open(url)
  onTestFinished(async () => await tables.close())
  return tables
}

const askForMail = async (idem: TestService, address: string): Promise<void> => {
  const answer = await idem.ask(
    'mutation ($input: ChallengeRequest!) { issueChallenge(input: $input) { id } }',
    { input: { email: { address } } },
  )
  expect(answer.errors).toEqual([])
}

const locks = async (tables: Tables) =>
  await tables.query(`select 1 from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())`)

/** Signs in, has a mail sent, and ends a session in one process, which the other one then refuses. */
const useBoth = async (one: TestService, other: TestService, tables: Tables): Promise<void> => {
  const owners = Array.from({ length: 50 }, () => new KeyOwner(one))
  const answers = await Promise.all(owners.map((owner) => owner.trySignIn()))
  expect(answers.flatMap(({ errors }) => errors)).toEqual([])
  const { accessToken } = expectSignedIn(answers[0] ?? (await new KeyOwner(one).trySignIn()))
  expect((await askMe(other, accessToken)).errors).toEqual([])
  await askForMail(one, 'ada@example.org')
  await vi.waitFor(async () => {
    expect(await tables.query('select 1 from outbox_entry where done_at is not null')).toHaveLength(1)
  }, patience)
  const ended = await one.askAs(accessToken, 'mutation { endSession }')
  expect(ended.errors).toEqual([])
  await untilRefused(other, accessToken)
}

describeWithPgBouncer(() => {
  test('with sessions that are kept, everything goes through it: migrations, requests, notifications and the queue', async () => {
    const database = await createDatabase({ empty: true })
    const tables = await open(database)
    const url = await startPgBouncer(database, 'session')
    const migrated = await (await run({ DATABASE_URL: url }, ['migrate'])).ended()
    expect(migrated).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await locks(tables), 'no lock stays with a connection of the pooler').toEqual([])
    const [one, other] = [await start({ DATABASE_URL: url }), await start({ DATABASE_URL: url })]
    await useBoth(one.idem, other.idem, tables)
    expect(one.process.stdout).not.toContain('"level":"error"')
  }, 120_000)

  test('with connections that are lent for a transaction, requests go through it and the rest past it', async () => {
    const database = await createDatabase({ empty: true })
    const tables = await open(database)
    const urls = {
      DATABASE_URL: await startPgBouncer(database, 'transaction'),
      DATABASE_LISTEN_URL: database,
    }
    const migrated = await (await run(urls, ['migrate'])).ended()
    expect(migrated).toMatchObject({ exitCode: 0, stderr: '' })
    const [one, other] = [await start(urls), await start(urls)]
    await useBoth(one.idem, other.idem, tables)
    expect(one.process.stdout).toMatch(/does not limit statements.*alter role idem in database test_/)
  }, 120_000)

  test('without a way past it, connections that are lent are refused before anything is changed', async () => {
    const database = await createDatabase({ empty: true })
    const tables = await open(database)
    const url = await startPgBouncer(database, 'transaction')
    for (const words of [[], ['api'], ['worker'], ['migrate']]) {
      const { stderr } = await refusalOf({ DATABASE_URL: url }, words)
      expect(stderr).toMatch(
        /^DATABASE_URL leads to a pooler that lends .*Set DATABASE_LISTEN_URL to the server/,
      )
    }
    expect(await locks(tables)).toEqual([])
    expect(await tables.query(`select 1 from pg_tables where schemaname = 'public'`)).toEqual([])
  }, 120_000)

  test.each([
    [
      'the way past it leads through a pooler that lends',
      'transaction',
      /^DATABASE_LISTEN_URL leads to a pooler/,
    ],
    ['the pooler lends for a statement', 'statement', /^DATABASE_URL leads to a pooler that lends/],
    [
      'the way past it leads to another database',
      'elsewhere',
      /^DATABASE_LISTEN_URL leads to another database/,
    ],
  ] as const)('it is refused when %s', async (_what, mode, sentence) => {
    const database = await createDatabase({ empty: true })
    const url = await startPgBouncer(database, mode === 'statement' ? 'statement' : 'transaction')
    const listen = { transaction: url, statement: '', elsewhere: await createDatabase({ empty: true }) }[mode]
    const { stderr } = await refusalOf({
      DATABASE_URL: mode === 'transaction' ? database : url,
      ...(listen === '' ? {} : { DATABASE_LISTEN_URL: listen }),
    })
    expect(stderr).toMatch(sentence)
  })

  test('lent connections must look names up in the schema, and the sentence says how', async () => {
    const database = await createDatabase({ empty: true })
    const settings = { IDEM_DATABASE_SCHEMA: 'tenant', DATABASE_LISTEN_URL: database }
    const plain = await startPgBouncer(database, 'transaction')
    const { stderr } = await refusalOf({ ...settings, DATABASE_URL: plain })
    expect(stderr).toMatch(
      /schema tenant, .*Run: alter role idem in database test_\w+ set search_path = tenant/,
    )
    const set = await startPgBouncer(database, 'transaction', { connect_query: 'set search_path to tenant' })
    const { idem } = await start({ ...settings, DATABASE_URL: set })
    await new KeyOwner(idem).signIn('ada')
    const tables = await open(database)
    expect(await tables.query('select handle from tenant.account')).toEqual([{ handle: 'ada' }])
  }, 120_000)

  test('a lent connection is limited within a transaction, and nothing is left on it', async () => {
    const directUrl = await createDatabase()
    // The pooler's only connection, which also the look behind takes.
    const url = await startPgBouncer(directUrl, 'transaction', { default_pool_size: '1' })
    const metrics = createMetrics()
    const database = await Database.open({
      url,
      directUrl,
      poolSize: 2,
      entities,
      logger: silentLogger,
      metrics,
    })
    onTestFinished(async () => await database.close())
    const limits = { name: 'test_limits', text: `select current_setting('statement_timeout') as statement` }
    const within = async (kind: 'request' | 'long') =>
      await database.transact(async (transaction) => await transaction.run(limits, []), kind)
    expect(await within('request')).toEqual([{ statement: '5s' }])
    expect(await within('long')).toEqual([{ statement: '0' }])
    expect(await database.run(limits, [])).toEqual([{ statement: '0' }])
    const pooled = await open(url)
    expect(await pooled.query('select name from pg_prepared_statements')).toEqual([])
    expect(await pooled.query('show search_path')).toEqual([{ search_path: '"$user", public' }])
  })

  test.each([
    ['session', {}, true],
    ['session', { server_round_robin: '1' }, true],
    ['transaction', {}, false],
    ['transaction', { server_round_robin: '1' }, false],
    ['transaction', { server_round_robin: '1', default_pool_size: '2' }, false],
    ['transaction', { default_pool_size: '1' }, false],
    ['transaction', { server_round_robin: '1', default_pool_size: '5' }, false],
    ['statement', {}, false],
  ] as const)('whether a session is kept is found out each time: %s %o', async (mode, settings, keeps) => {
    const url = await startPgBouncer(await createDatabase({ empty: true }), mode, settings)
    // Others that use the pooler meanwhile take its connections in any order.
    let isOver = false
    const others = await Promise.all([1, 2, 3].map(async () => await Tables.open(url))).catch(() => [])
    const busy = others.map(async (tables) => {
      while (!isOver) await tables.query('select 1')
    })
    const found: boolean[] = []
    for (let time = 0; time < 10; time += 1) found.push(await keepsSession(url))
    isOver = true
    await Promise.all(busy)
    await Promise.all(others.map(async (tables) => await tables.close()))
    expect(new Set(found)).toEqual(new Set([keeps]))
  })

  test('a pooler with too few connections is named, not waited for', async () => {
    const database = await createDatabase({ empty: true })
    const url = await startPgBouncer(database, 'session', { default_pool_size: '1' })
    const { stderr } = await refusalOf({ DATABASE_URL: url })
    expect(stderr).toMatch(/pooler gave no further connection within 5 s.*default_pool_size/)
  })
})

test('a schema that nobody has made is not blamed on the search path of lent connections', async () => {
  const directUrl = await createDatabase({ empty: true })
  const urls = { directUrl, databaseUrl: `${directUrl}?schema=tenant` }
  const refusal = await requireLentPath(urls, silentLogger).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ kind: 'data', message: expect.stringMatching(/tenant.*npm run migrate/) })
})

test('the server itself keeps sessions', async () => {
  expect(await keepsSession(inject('postgresUrl'))).toBe(true)
})
