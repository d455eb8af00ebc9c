// Purging: what has run out goes when its time is over and no sooner, and nobody who comes back meanwhile is locked out.
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { type PurgeExpiredNeeds, purgeExpired } from '../../../jobs/purge-expired.js'
import type { AuditAction } from '../../../src/audit/audit-entry.js'
import type { JobProgress } from '../../../src/queue/job.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { askMe, atOnce, dataOf } from '../../support/calls.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { startTestService } from '../../support/start-service.js'
import { openRooms, type Rooms } from './open-rooms.js'

const [hourSeconds, daySeconds] = [3_600, 24 * 3_600]

const purgeRooms = ({ foundation, options }: Pick<Rooms, 'foundation' | 'options'>): PurgeExpiredNeeds => ({
  ...foundation,
  logger: options.logger,
  random: options.random,
  keptFor: {
    endedSessionDays: 30,
    challengeHours: 24,
    mailDays: 30,
    knownNetworkDays: 90,
    doneJobDays: 7,
    webhookDays: 35,
    idleGuestDays: 90,
    handleQuarantineDays: 180,
    auditDays: { routine: 7, access: 90, change: 730 },
  },
  keptHandles: new Set(),
})

type Purged = Readonly<Record<string, number>>

const purge = async (rooms: Rooms, progress: JobProgress[] = []): Promise<Purged> =>
  await purgeExpired(rooms.call(), async (at) => void progress.push(at), purgeRooms(rooms))

const nothing: Purged = {
  'accounts that were due': 0,
  'spent challenges': 0,
  'held challenges': 0,
  'throttle counters': 0,
  mails: 0,
  'mail lines': 0,
  'journals of merges': 0,
  'known networks': 0,
  'done jobs': 0,
  'webhook events': 0,
  'password resets': 0,
  'unconfirmed second factors': 0,
  'ended sessions': 0,
  'idle guests': 0,
  'unused handles': 0,
  'routine audit entries': 0,
  'access audit entries': 0,
  'change audit entries': 0,
}

const insertAccount = async ({ tables, clock }: Rooms, kind: string): Promise<string> => {
  const id = systemRandom.uuid()
  await tables.query(
    "insert into account (id, kind, level, sign_in_notices, created_at) values ($1, $2, 'aal1', true, $3)",
    [id, kind, clock.now()],
  )
  await tables.query(
    `insert into identity (id, account_id, method, issuer, subject, failed_proofs, created_at)
      values ($1, $2, 'anonymous', 'anonymous', $4, 0, $3)`,
    [systemRandom.uuid(), id, clock.now(), id],
  )
  return id
}

/** A session that runs out now, and was refreshed just now, too. */
const insertSession = async ({ tables, clock }: Rooms, accountId: string): Promise<void> =>
  void (await tables.query(
    `insert into session (id, account_id, identity_id, amr, acr, scope, authenticated_at, started_at, expires_at,
        generation, refreshed_at)
      select $1, $2, (select id from identity where account_id = $2 limit 1), '{}', 'aal0', 'all', $3, $3, $3, 0, $3`,
    [systemRandom.uuid(), accountId, clock.now()],
  ))

const spend = async ({ tables, clock }: Rooms, count = 1): Promise<void> =>
  void (await tables.query(
    `insert into spent_challenge (nonce, expires_at) select gen_random_uuid()::text, $1 from generate_series(1, $2)`,
    [clock.now(), count],
  ))

const count = async ({ tables }: Rooms, table: string): Promise<number> =>
  (await tables.query(`select count(*)::int as count from "${table}"`))[0].count

const audit = (action: AuditAction) => async (rooms: Rooms) =>
  await rooms.foundation.auditLog.append(rooms.call(), { action, accountId: null })

const kinds: readonly {
  readonly what: string
  readonly table: string
  readonly keptSeconds: number
  readonly make: (rooms: Rooms) => Promise<unknown>
}[] = [
  { what: 'spent challenges', table: 'spent_challenge', keptSeconds: daySeconds, make: spend },
  {
    what: 'held challenges',
    table: 'held_challenge',
    keptSeconds: hourSeconds / 4 + daySeconds,
    make: async (rooms) => await rooms.askForMail('ada@example.org'),
  },
  {
    what: 'throttle counters',
    table: 'throttle_counter',
    keptSeconds: 300,
    make: async (rooms) => await rooms.foundation.throttle.count(rooms.call(), 'signIn', null),
  },
  {
    what: 'mails',
    table: 'mail',
    keptSeconds: 30 * daySeconds,
    make: async (rooms) => await rooms.askForMail('ada@example.org'),
  },
  {
    what: 'mail lines',
    table: 'mail_line',
    keptSeconds: 10,
    make: async ({ clock, tables }) =>
      await tables.query(
        `insert into mail_line (key, version, state, expires_at) values ('line', 1, '[]', $1)`,
        [new Date(clock.now().getTime() + 10_000)],
      ),
  },
  {
    what: 'known networks',
    table: 'known_network',
    keptSeconds: 90 * daySeconds,
    make: async ({ clock, tables }) =>
      await tables.query(
        `insert into known_network (address_hash, network, proven_at) values ('ada', 'home', $1)`,
        [clock.now()],
      ),
  },
  {
    what: 'done jobs',
    table: 'outbox_entry',
    keptSeconds: 7 * daySeconds,
    make: async (rooms) => {
      const id = await rooms.askForMail('ada@example.org')
      await rooms.foundation.outbox.noteDone(rooms.call(), [id])
    },
  },
  {
    what: 'password resets',
    table: 'password_reset',
    keptSeconds: 90 * daySeconds,
    make: async (rooms) =>
      await rooms.tables.query(
        `insert into password_reset (id, account_id, status, begun_at, source_address, ended_at)
         values ($1, $2, 'DONE', $3, '192.0.2.1', $3)`,
        [systemRandom.uuid(), await insertAccount(rooms, 'PERSON'), rooms.clock.now()],
      ),
  },
  {
    what: 'unconfirmed second factors',
    table: 'second_factor',
    keptSeconds: 600,
    make: async (rooms) =>
      await rooms.tables.query(
        `insert into second_factor (id, account_id, kind, credential, created_at)
         values ($1, $2, 'totp', '{}', $3)`,
        [systemRandom.uuid(), await insertAccount(rooms, 'PERSON'), rooms.clock.now()],
      ),
  },
  {
    what: 'ended sessions',
    table: 'session',
    keptSeconds: 30 * daySeconds,
    make: async (rooms) => await insertSession(rooms, await insertAccount(rooms, 'PERSON')),
  },
  {
    what: 'idle guests',
    table: 'account',
    keptSeconds: 90 * daySeconds,
    make: async (rooms) => await insertSession(rooms, await insertAccount(rooms, 'ANONYMOUS')),
  },
  {
    what: 'routine audit entries',
    table: 'audit_entry',
    keptSeconds: 7 * daySeconds,
    make: audit('session.refreshed'),
  },
  {
    what: 'access audit entries',
    table: 'audit_entry',
    keptSeconds: 90 * daySeconds,
    make: audit('session.started'),
  },
  {
    what: 'change audit entries',
    table: 'audit_entry',
    keptSeconds: 730 * daySeconds,
    make: audit('identity.linked'),
  },
]

test.each(kinds)(
  '$what go when their time is over, and no sooner',
  async ({ what, table, keptSeconds, make }) => {
    const rooms = await openRooms()
    await make(rooms)
    rooms.clock.advance(keptSeconds)
    expect((await purge(rooms))[what]).toBe(0)
    expect(await count(rooms, table)).toBe(1)
    rooms.clock.advance(1)
    expect((await purge(rooms))[what]).toBe(1)
    expect(await count(rooms, table)).toBe(0)
    expect(await rooms.metric('idem_purged_rows_total', { what })).toBe(1)
    expect(await purge(rooms)).toEqual(nothing)
  },
)

test('a run says in the log what it removed, and in the audit log when accounts went', async () => {
  const rooms = await openRooms()
  await spend(rooms, 3)
  rooms.clock.advance(2 * daySeconds)
  await purge(rooms)
  const line = JSON.parse(rooms.logLines.at(-1) ?? '{}')
  expect(line).toMatchObject({
    msg: 'purged what has run out',
    purged: { ...nothing, 'spent challenges': 3 },
  })
  const acts = async () =>
    (await rooms.tables.query('select action, detail from audit_entry')).map(({ action, detail }) => [
      action,
      detail,
    ])
  expect(await acts()).toEqual([])
  await insertAccount(rooms, 'ANONYMOUS')
  rooms.clock.advance(91 * daySeconds)
  await purge(rooms)
  expect(await acts()).toEqual([['account.purged', { idleGuestDays: 90 }]])
})

test('thousands go in batches, and whoever watches sees how far it has come', async () => {
  const rooms = await openRooms()
  await spend(rooms, 2_500)
  rooms.clock.advance(2 * daySeconds)
  const progress: JobProgress[] = []
  expect(await purge(rooms, progress)).toEqual({ ...nothing, 'spent challenges': 2_500 })
  expect(progress).toEqual([
    { done: 1_000, of: 'spent challenges' },
    { done: 2_000, of: 'spent challenges' },
  ])
  expect(await rooms.metric('idem_purged_rows_total', { what: 'spent challenges' })).toBe(2_500)
})

test('run three times at once, all goes and each row counts once; broken off, the next run does the rest', async () => {
  const rooms = await openRooms()
  await spend(rooms, 3_000)
  for (let index = 0; index < 20; index++) await insertAccount(rooms, 'ANONYMOUS')
  rooms.clock.advance(91 * daySeconds)
  const broken = purgeExpired(
    rooms.call(),
    async () => {
      throw new Error('killed')
    },
    purgeRooms(rooms),
  )
  await expect(broken).rejects.toThrow('killed')
  expect(await count(rooms, 'spent_challenge')).toBe(2_000)
  const runs = await atOnce(3, () => purge(rooms))
  const sum = (what: string) => runs.reduce((total, purged) => total + (purged[what] ?? 0), 0)
  expect(sum('spent challenges')).toBe(2_000)
  expect(sum('idle guests')).toBe(20)
  for (const table of ['spent_challenge', 'account', 'identity']) expect(await count(rooms, table)).toBe(0)
})

test('guests stay who picked a handle, or were here lately; people and jobs that are not done stay however old', async () => {
  const rooms = await openRooms()
  const [named, recent, person, idle] = [
    await insertAccount(rooms, 'ANONYMOUS'),
    await insertAccount(rooms, 'ANONYMOUS'),
    await insertAccount(rooms, 'PERSON'),
    await insertAccount(rooms, 'ANONYMOUS'),
  ]
  await rooms.tables.query('insert into handle (name, account_id, taken_at) values ($2, $1, now())', [
    named,
    'named',
  ])
  await insertSession(rooms, idle)
  await rooms.askForMail('ada@example.org')
  rooms.clock.advance(60 * daySeconds)
  await insertSession(rooms, recent)
  await insertSession(rooms, recent)
  rooms.clock.advance(31 * daySeconds)
  expect(await purge(rooms)).toMatchObject({ 'idle guests': 1, 'done jobs': 0 })
  const left = await rooms.tables.query('select id from account')
  expect(left.map(({ id }) => id).toSorted()).toEqual([named, recent, person].toSorted())
  // Of the sessions that ran out, the guest's last one tells when it was here.
  rooms.clock.advance(58 * daySeconds)
  expect(await count(rooms, 'session')).toBe(1)
  expect(await purge(rooms)).toMatchObject({ 'idle guests': 0 })
  rooms.clock.advance(2 * daySeconds)
  expect(await purge(rooms)).toMatchObject({ 'idle guests': 1 })
  expect(await count(rooms, 'outbox_entry'), 'a job that is not done').toBe(1)
})

test('a guest that comes back at the very moment of the purge is let in, with its account or a new one', async () => {
  const idem = await startTestService({ environment: { IDEM_THROTTLE_SIGN_INS_PER_SOURCE: '100000' } })
  onTestFinished(async () => await idem.stop())
  const secrets = Array.from({ length: 15 }, () => randomBytes(32).toString('base64'))
  const comeBack = async () =>
    await Promise.all(secrets.map(async (deviceSecret) => await signInAsGuest(idem, { deviceSecret })))
  const purgeOnce = async () =>
    await purgeExpired(idem.foundation.ownCall(), async () => undefined, purgeRooms(idem))
  await comeBack()
  for (let round = 0; round < 5; round++) {
    idem.clock.advance(91 * daySeconds)
    const [guests] = await Promise.all([comeBack(), atOnce(2, purgeOnce)])
    for (const { accessToken, accountId } of guests)
      expect(dataOf(await askMe(idem, accessToken)).me).toMatchObject({ id: accountId, kind: 'ANONYMOUS' })
    // The same secret leads to the same account from now on.
    const again = await comeBack()
    expect(again.map(({ accountId }) => accountId)).toEqual(guests.map(({ accountId }) => accountId))
    expect(await purgeOnce()).toMatchObject({ 'idle guests': 0 })
  }
})
