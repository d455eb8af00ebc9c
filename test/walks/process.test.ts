// Idem as a process of its own: drains on SIGTERM, says what is wrong with its secret, and learns of what a command beside it does.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  askMe,
  codeOf,
  dataOf,
  headerOf,
  millisecondsUntil,
  setHandle,
  untilRefused,
} from '../support/calls.js'
import { signInAsGuest } from '../support/key-owner.js'
import { IdemProcess } from '../support/process.js'
import { createDatabase } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

let databaseUrl: string
let tables: Tables
beforeAll(async () => {
  databaseUrl = await createDatabase({ empty: true })
  tables = await Tables.open(databaseUrl)
})
afterAll(async () => await tables.close())

const secret = 'the-secret-of-the-processes-of-this-test'
const start = async (
  environment: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
): Promise<IdemProcess> =>
  await IdemProcess.start(
    {
      DATABASE_URL: databaseUrl,
      IDEM_SECRET: secret,
      IDEM_PUBLIC_URL: 'http://idem.test:4000',
      ...environment,
    },
    words,
  )

test('on SIGTERM requests under way finish, new ones are not taken, and the process ends with 0', async () => {
  const process = await (await start()).ready()
  const idem = process.asService(databaseUrl)
  const guest = await signInAsGuest(idem)
  await tables.query('begin')
  await tables.query('select 1 from account where id = $1 for update', [guest.accountId])
  const underWay = setHandle(idem, guest.accessToken, 'just-in-time')
  await millisecondsUntil(2_000, async () => {
    const rows = await tables.query(
      `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    )
    return rows.length > 0
  })
  const ended = process.stop()
  await millisecondsUntil(2_000, async () =>
    fetch(`${idem.url}/healthz`).then(
      (answer) => answer.status === 503,
      () => true,
    ),
  )
  await tables.query('commit')
  expect(dataOf(await underWay).setHandle.handle).toBe('just-in-time')
  expect(await ended).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await tables.query('select handle from account where id = $1', [guest.accountId])).toEqual([
    { handle: 'just-in-time' },
  ])
  const lines = process.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.at(-1)).toMatchObject({ msg: 'stopped' })
})

test('with a foreign secret the process ends at once, says which key it cannot open and what to do', async () => {
  await (await (await start()).ready()).stop()
  const startedAt = performance.now()
  const process = await start({ IDEM_SECRET: 'another-secret-than-that-of-the-processes' })
  const { exitCode, stderr } = await process.ended()
  expect(exitCode).toBe(65)
  expect(stderr).toMatch(/IDEM_SECRET does not open the signing key/)
  expect(stderr).toContain('IDEM_SECRET=new,old')
  // What a person can mend is said without a stack.
  expect(stderr).not.toContain('    at ')
  expect(performance.now() - startedAt).toBeLessThan(15_000)
})

test('a signing key added beside a running service is published by it, a compromised one is refused by it', async () => {
  const process = await (await start({ IDEM_SIGNING_KEY_LEAD_SECONDS: '600' })).ready()
  try {
    const idem = process.asService(databaseUrl)
    const guest = await signInAsGuest(idem)
    expect((await askMe(idem, guest.accessToken)).status).toBe(200)
    const published = async (): Promise<string[]> => {
      const { keys } = (await (await fetch(`${idem.url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string }[]
      }
      return keys.map(({ kid }) => kid)
    }
    const rotated = await (await start({}, ['rotate-signing-key'])).ended()
    expect(rotated).toMatchObject({ exitCode: 0, stderr: '' })
    const kid = /Added signing key ([\w-]+)\./.exec(rotated.stdout)?.[1] ?? ''
    await millisecondsUntil(1_000, async () => (await published()).includes(kid))
    expect((await askMe(idem, guest.accessToken)).status).toBe(200)
    expect(headerOf((await signInAsGuest(idem)).accessToken)['kid']).not.toBe(kid)

    const dropped = await (await start({}, ['rotate-signing-key', '--compromised'])).ended()
    expect(dropped).toMatchObject({ exitCode: 0, stderr: '' })
    await untilRefused(idem, guest.accessToken)
    expect(await published()).toHaveLength(1)
    expect(dropped.stdout).toContain((await published())[0])
    expect(codeOf(await askMe(idem, (await signInAsGuest(idem)).accessToken))).toBeNull()
    const [row] = await tables.query(
      `select count(*) filter (where action = 'signing_key.added')::int as added,
        count(*) filter (where action = 'signing_key.removed')::int as removed from audit_entry`,
    )
    expect(row).toEqual({ added: 3, removed: 2 })
  } finally {
    await process.stop()
  }
})

test('in production the process asks for migrations, and serves once they are applied', async () => {
  const fresh = await createDatabase({ empty: true })
  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: fresh,
    IDEM_PUBLIC_URL: 'https://id.example.org',
    SMTP_URL: 'smtp://smtp.example.org',
  }
  const refused = await (await start(production)).ended()
  expect(refused.exitCode).toBe(65)
  expect(refused.stderr).toMatch(/npm run migrate/)
  const both = await Promise.all([start(production, ['migrate']), start(production, ['migrate'])])
  const migrated = await Promise.all(both.map((one) => one.ended()))
  expect(migrated.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ])
  expect(migrated.filter(({ stdout }) => stdout.startsWith('Applied'))).toHaveLength(1)
  const process = await (await start(production)).ready()
  const idem = process.asService(fresh)
  expect((await idem.ask('{ __schema { queryType { name } } }')).status).toBe(400)
  expect(codeOf(await askMe(idem, (await signInAsGuest(idem)).accessToken))).toBeNull()
  expect(await process.stop()).toMatchObject({ exitCode: 0, stderr: '' })
})
