// The kinds of Redis that operators have: those on which the queue runs, and those that are refused in one sentence.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ProblemKind, problemKinds } from '../../src/failure.js'
import { codeOf, millisecondsUntil } from '../support/calls.js'
import { CertificateAuthority } from '../support/certificates.js'
import { type Ended, IdemProcess } from '../support/process.js'
import { findRedisServer, RedisServer } from '../support/redis.js'
import { SmtpServer } from '../support/smtp-server.js'
import { createDatabase, freePort } from '../support/start-service.js'
import { Tables } from '../support/tables.js'
import { TcpProxy } from '../support/tcp-proxy.js'

const patienceMilliseconds = 60_000
const program = findRedisServer()
const password = 'pass word/of@the:test'

const startRedis = async (
  ...options: Parameters<typeof RedisServer.start> extends [string, ...infer R] ? R : never
) => {
  if (program === null) throw new Error('needs redis-server: install it, or set REDIS_SERVER_PATH')
  const server = await RedisServer.start(program, ...options)
  onTestFinished(async () => await server.stop())
  return server
}

interface Started {
  readonly idem: IdemProcess
  readonly smtp: SmtpServer
  readonly tables: Tables
  readonly databaseUrl: string
}

const start = async (redisUrl: string, more: Readonly<Record<string, string>> = {}): Promise<Started> => {
  const smtp = await SmtpServer.start()
  onTestFinished(async () => await smtp.stop())
  const databaseUrl = await createDatabase()
  const tables = await Tables.open(databaseUrl)
  onTestFinished(async () => await tables.close())
  const idem = await IdemProcess.start({
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    SMTP_URL: smtp.url,
    IDEM_JOB_FIRST_RETRY_MILLISECONDS: '10',
    IDEM_PURGE_SCHEDULE: '* * * * * *',
    ...more,
  })
  onTestFinished(async () => void (await idem.stop('SIGKILL')))
  return { idem, smtp, tables, databaseUrl }
}

/** Asks for so many mails; each is acknowledged. */
const askForMails = async ({ idem, databaseUrl }: Started, count: number, name: string): Promise<void> => {
  const service = idem.asService(databaseUrl)
  for (let index = 0; index < count; index++) {
    const query = `mutation ($address: String!) { issueChallenge(input: { email: { address: $address } }) { id } }`
    expect(codeOf(await service.ask(query, { address: `${name}-${index}@example.org` }))).toBeNull()
  }
}

const untilDone = async ({ tables }: Started): Promise<void> => {
  const open = `select count(*)::int as left from outbox_entry where done_at is null`
  await millisecondsUntil(patienceMilliseconds, async () => (await tables.query(open))[0].left === 0)
}

const linesOf = ({ stdout }: Pick<Ended, 'stdout'>): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const evictionLine = {
  level: 'warn',
  evictionPolicy: 'allkeys-lru',
  msg: expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
}

/** The sentence with which it does not start, for a problem of this kind. */
const refusal = async (
  kind: ProblemKind,
  redisUrl: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { idem } = await start(redisUrl, more)
  const { exitCode, stderr, stdout } = await idem.ended()
  expect(stdout + stderr).not.toContain(password)
  expect(exitCode).toBe(problemKinds[kind].exitStatus)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  return stderr.trim()
}

/** The line of the documentation that makes the user. */
const documentedAcl = (): string[] => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const line = /^\s*ACL SETUSER (?<rules>idem .*)$/m.exec(page)?.groups?.['rules']
  if (line === undefined) throw new Error('docs/operations.md has no ACL SETUSER')
  expect(line).toContain('>PASSWORD')
  return line.split(' ').map((word) => (word === '>PASSWORD' ? `>${password}` : word))
}

const login = `idem:${encodeURIComponent(password)}@`

describe.skipIf(program === null && process.env['CI'] === undefined)('on Redis (needs redis-server)', () => {
  test('with the documented rights and no more, everything works, and the eviction policy is warned of', async () => {
    const redis = await startRedis({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' })
    await redis.ask((client) => client.call('ACL', 'SETUSER', ...documentedAcl()))
    const started = await start(redis.takeUrl(login), { IDEM_LOG_LEVEL: 'debug' })
    const { idem, smtp } = started
    await idem.ready()
    await smtp.behave('defer-message')
    await askForMails(started, 5, 'deferred')
    await expect.poll(() => idem.stdout, { timeout: patienceMilliseconds }).toContain('a job failed')
    await smtp.behave('accept')
    await askForMails(started, 20, 'accepted')
    await untilDone(started)
    // What a restore does, and a schedule that is lost.
    await redis.ask((client) => client.flushall())
    await askForMails(started, 5, 'after')
    await untilDone(started)
    const metrics = await (await fetch(`${idem.url}/metrics`)).text()
    expect(metrics).toContain('idem_queued_jobs{state="delayed"}')
    await expect.poll(() => idem.stdout, { timeout: patienceMilliseconds }).toContain('purged')
    const ended = await idem.stop()
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ended.stdout).not.toContain('NOPERM')
    expect(linesOf(ended)).toContainEqual(expect.objectContaining(evictionLine))
    expect(ended.stdout).not.toContain('IMPORTANT')
    const denied = await redis.ask((client) => client.call('ACL', 'LOG'))
    expect(denied).toEqual([])
  })

  test('a Redis that is away at the start is waited for, and looked at when it is there', async () => {
    const redis = await startRedis({ maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' })
    await redis.end()
    const started = await start(redis.takeUrl())
    const said = (text: string) =>
      expect.poll(() => started.idem.stdout, { timeout: patienceMilliseconds }).toContain(text)
    await said('Redis does not answer')
    await redis.run()
    await said('CONFIG SET maxmemory-policy noeviction')
    await started.idem.ready()
    await askForMails(started, 5, 'late')
    await untilDone(started)
    const lines = linesOf(await started.idem.stop())
    expect(lines.filter(({ msg }) => String(msg).includes('Redis does not answer'))).toHaveLength(1)
    expect(lines.filter(({ evictionPolicy }) => evictionPolicy !== undefined)).toHaveLength(1)
  })

  test('a user without the rights, a wrong password and none are refused in one sentence', async () => {
    const redis = await startRedis()
    await redis.ask((client) =>
      client.call('ACL', 'SETUSER', 'idem', 'on', `>${password}`, '+ping', '+select'),
    )
    expect(await refusal('right', redis.takeUrl(login))).toMatch(/lacks a right.*docs\/operations\.md/)
    expect(await refusal('login', redis.takeUrl(`idem:${encodeURIComponent(`${password}!`)}@`))).toMatch(
      /refuses the user or the password of REDIS_URL/,
    )
    await redis.ask((client) => client.config('SET', 'requirepass', password))
    expect(await refusal('login', redis.takeUrl())).toMatch(/asks for a password.*REDIS_URL/)
  })

  test('a read-only replica and a database number that does not exist are refused in one sentence', async () => {
    const primary = await startRedis()
    const replica = await startRedis({ replicaof: primary.address.replace(':', ' ') })
    expect(await refusal('unavailable', replica.takeUrl())).toMatch(/read-only replica.*primary/)
    expect(await refusal('settings', `redis://${primary.address}/999999`)).toMatch(
      /database number in REDIS_URL is higher/,
    )
  })

  test('a primary that becomes a replica, and stays reachable, is left for the new one, and nothing is lost', async () => {
    const primary = await startRedis()
    const replica = await startRedis({ replicaof: primary.address.replace(':', ' ') })
    const proxy = await TcpProxy.start(primary.takeUrl(), await freePort())
    onTestFinished(async () => await proxy.cut())
    const started = await start(proxy.url)
    await started.idem.ready()
    await askForMails(started, 10, 'before')
    await untilDone(started)
    await replica.ask((client) => client.call('REPLICAOF', 'NO', 'ONE'))
    await primary.ask((client) => client.call('REPLICAOF', ...replica.address.split(':')))
    proxy.switchTo(`redis://${replica.address}`)
    await askForMails(started, 20, 'after')
    await untilDone(started)
    expect(started.smtp.countByMessageId().size).toBe(30)
    expect(await started.tables.query('select id from outbox_entry where failed_at is not null')).toEqual([])
    expect(await started.idem.stop()).toMatchObject({ exitCode: 0 })
  })

  test('TLS with an authority of its own: trusted if it is named, else refused in one sentence', async () => {
    const authority = CertificateAuthority.make()
    const redis = await startRedis({}, authority.issue(['IP:127.0.0.1']))
    const started = await start(redis.takeUrl(), { NODE_EXTRA_CA_CERTS: authority.file })
    await started.idem.ready()
    await askForMails(started, 5, 'tls')
    await untilDone(started)
    expect(await started.idem.stop()).toMatchObject({ exitCode: 0, stderr: '' })

    expect(await refusal('encryption', redis.takeUrl())).toMatch(/TLS.*refused.*NODE_EXTRA_CA_CERTS/)
    const other = await startRedis({}, authority.issue(['DNS:queue.example.org']))
    expect(await refusal('encryption', other.takeUrl(), { NODE_EXTRA_CA_CERTS: authority.file })).toMatch(
      /certificate is for another name/,
    )
  })

  test('with 3 MB and noeviction nothing that was acknowledged is lost, and all is done when there is memory', async () => {
    const redis = await startRedis({ maxmemory: '3mb', 'maxmemory-policy': 'noeviction' })
    const started = await start(redis.takeUrl(), { IDEM_LOG_LEVEL: 'debug' })
    const { idem, smtp, tables } = started
    await idem.ready()
    await askForMails(started, 20, 'before')
    await untilDone(started)
    // Somebody else's data.
    await redis.ask(async (client) => {
      for (let index = 0; ; index++)
        if ((await client.set(`ballast-${index}`, 'x'.repeat(50_000)).catch(() => null)) === null) return
    })
    await askForMails(started, 60, 'meanwhile')
    await expect.poll(() => idem.stdout, { timeout: patienceMilliseconds }).toContain('"code":"OOM"')
    await redis.ask(async (client) => await client.del(await client.keys('ballast-*')))
    await untilDone(started)
    expect(smtp.countByMessageId().size).toBe(80)
    expect(await tables.query('select id from outbox_entry where failed_at is not null')).toEqual([])
    expect(linesOf(await idem.stop()).filter(({ level }) => level === 'error')).toEqual([])
  })

  test('a backlog of its own fills 3 MB neither with jobs that wait nor with jobs that are done', async () => {
    const redis = await startRedis({ maxmemory: '3mb', 'maxmemory-policy': 'noeviction' })
    const started = await start(redis.takeUrl(), {
      IDEM_WORKER_CONCURRENCY: '20',
      IDEM_PURGE_SCHEDULE: '17 * * * *',
    })
    await started.idem.ready()
    // A mail that is not there is sent at once; this many jobs are several megabytes.
    await started.tables.query(
      `insert into outbox_entry (id, job, payload, created_at)
        select id, 'send-mail', jsonb_build_object('mailId', id), now()
        from (select gen_random_uuid() as id from generate_series(1, 6000)) as ids`,
    )
    await untilDone(started)
    expect(started.idem.stdout).not.toContain('OOM')
  })
})
