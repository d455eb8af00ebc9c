// Traces: a sign-in by mail as a tree of spans at a real collector, without a secret, and what an absent collector costs.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { codeOf, millisecondsUntil } from '../support/calls.js'
import { EmailOwner } from '../support/email-owner.js'
import { EventStream } from '../support/event-stream.js'
import { expectSignedIn, KeyOwner } from '../support/key-owner.js'
import { mailsTo, smtpInbox } from '../support/mail-reader.js'
import { type CollectedSpan, OtlpCollector } from '../support/otlp-collector.js'
import { IdemProcess } from '../support/process.js'
import { SmtpServer } from '../support/smtp-server.js'
import { createDatabase, freePort, type TestService } from '../support/start-service.js'

let smtp: SmtpServer
let collector: OtlpCollector
beforeAll(async () => {
  smtp = await SmtpServer.start()
})
afterAll(async () => await smtp.stop())
beforeEach(async () => {
  collector = await OtlpCollector.start()
})
afterEach(async () => await collector.stop())

/** A service with its worker, as a process of its own, that sends spans to the collector. */
const start = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly idem: TestService; readonly process: IdemProcess }> => {
  const databaseUrl = await createDatabase()
  const process = await IdemProcess.start({
    DATABASE_URL: databaseUrl,
    IDEM_SECRET: 'a-secret-of-the-installation-for-this-test',
    SMTP_URL: smtp.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    ...environment,
  })
  await process.ready()
  return { idem: process.asService(databaseUrl), process }
}

let count = 0
const somebody = (idem: TestService): EmailOwner =>
  new EmailOwner(idem, smtpInbox(smtp), `traced-${++count}@example.org`)

/** Every attribute that a span of ours may have. Who adds one has decided that it holds no secret. */
const decided = [
  'db.collection.name',
  'db.namespace',
  'db.operation.name',
  'db.query.text',
  'db.system.name',
  'error.type',
  'graphql.field.name',
  'graphql.operation.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'idem.aborted',
  'idem.request.id',
  'messaging.destination.name',
  'messaging.message.id',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.system',
  'network.protocol.name',
  'server.address',
  'url.path',
]

/** The first request with a span of this use case, from its span of the use case up. */
const useCase = (name: string): { readonly field: CollectedSpan; readonly request: CollectedSpan } => {
  const field = collector.find(name)
  return { field, request: collector.parentOf(field) }
}

test('a sign-in by mail is a tree from the request to the mail, and holds no secret', async () => {
  const { idem, process } = await start({
    OTEL_SERVICE_NAME: 'who-is-who',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=key-of-the-collector',
  })
  const ada = somebody(idem)
  const asked = await ada.tryChallenge({ headers: { 'user-agent': 'agent-of-ada/1' } })
  const challenge = asked.data.issueChallenge
  const code = await ada.code()
  const wrong = await ada.trySignIn(challenge.id, code.split('').toReversed().join(''))
  expect(codeOf(wrong)).toBe('PROOF_REJECTED')
  const signedIn = await ada.trySignIn(challenge.id, code)
  const { accessToken } = expectSignedIn(signedIn)
  const tokens = signedIn.data.signIn.tokens
  await idem.askAs(accessToken, '{ me { id sessions { id } } }')
  await fetch(`${idem.url}/confirm?token=token-in-a-url`)
  await fetch(`${idem.url}/nothing/token-in-a-path`)
  const { exitCode } = await process.stop()
  expect(exitCode).toBe(0)

  // request > use case > statement
  const issue = useCase('mutation issueChallenge')
  expect(issue.request).toMatchObject({ name: 'POST /graphql', kind: 2, parentSpanId: '', status: 0 })
  expect(issue.request.attributes).toEqual({
    'http.request.method': 'POST',
    'http.route': '/graphql',
    'url.path': '/graphql',
    'http.response.status_code': 200,
    'idem.request.id': asked.headers.get('x-request-id'),
  })
  expect(issue.field.attributes).toEqual({
    'graphql.operation.type': 'mutation',
    'graphql.field.name': 'issueChallenge',
    'idem.request.id': asked.headers.get('x-request-id'),
  })
  const insert = collector.find(/^idem_write_/, issue.request.traceId)
  expect(collector.parentOf(insert)).toBe(issue.field)
  expect(insert.attributes['db.query.text']).toContain('insert into "outbox_entry"')
  expect(insert.attributes['idem.request.id']).toBe(asked.headers.get('x-request-id'))

  // > job > mail, in the trace of the request that asked for it
  const job = collector.find('process send-mail', issue.request.traceId)
  expect(job).toMatchObject({ kind: 5, parentSpanId: issue.field.spanId, status: 0 })
  const mail = collector.find('smtp send', issue.request.traceId)
  expect(collector.parentOf(mail)).toBe(job)
  expect(mail).toMatchObject({ kind: 3, attributes: { 'server.address': `127.0.0.1:${smtp.port}` } })
  expect(collector.find(/^idem_mail/, job.traceId).attributes['idem.request.id']).toBe(
    job.attributes['messaging.message.id'],
  )

  // a refusal has its code, and is no error of the service
  const refused = collector.find('mutation signIn')
  expect(refused).toMatchObject({ status: 0, attributes: { 'error.type': 'PROOF_REJECTED' } })
  expect(collector.parentOf(refused).attributes['idem.request.id']).toBe(wrong.headers.get('x-request-id'))
  // what is resolved below the use case is in the trace of the request
  const me = useCase('query me')
  expect(
    collector.spans.some(({ traceId, name }) => traceId === me.request.traceId && name.includes('session')),
  ).toBe(true)

  // all from this process, with nothing that was not decided
  for (const span of collector.spans) {
    expect(span.resource).toEqual({
      'service.name': 'who-is-who',
      'service.instance.id': expect.any(String),
      'deployment.environment.name': 'test',
    })
    expect(Object.keys(span.attributes).filter((name) => !decided.includes(name))).toEqual([])
    expect(span.events).toBe(0)
  }
  expect(collector.headers[0]).toMatchObject({ path: '/v1/traces', 'x-api-key': 'key-of-the-collector' })
  const secrets = [
    ada.address,
    'traced-',
    code,
    challenge.id,
    challenge.matchCode,
    tokens.accessToken,
    tokens.refreshToken,
    'agent-of-ada',
    'token-in-a-url',
    'token-in-a-path',
    'key-of-the-collector',
    'a-secret-of-the-installation',
    new URL(idem.databaseUrl).password || 'no-password',
  ]
  const sent = collector.bodies.join('\n')
  expect(sent).toContain('issueChallenge')
  expect(secrets.filter((secret) => sent.includes(secret))).toEqual([])
  // Probes and the process's own sweeps are no traces.
  expect(collector.spans.filter(({ name }) => /readyz|outbox_claim|idem_ready/.test(name))).toEqual([])
})

test('a traceparent from outside is pointed to, and decides nothing', async () => {
  const { idem, process } = await start()
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  // Not sampled, which a continued trace would obey.
  await idem.ask('{ __typename me { id } }', {}, { traceparent: `00-${traceId}-b7ad6b7169203331-00` })
  await idem.ask('{ session { id } }', {}, { traceparent: `00-${'0'.repeat(32)}-${'x'.repeat(5_000)}` })
  await process.stop()
  const { request } = useCase('query me')
  expect(request).toMatchObject({ parentSpanId: '', links: [traceId] })
  expect(request.traceId).not.toBe(traceId)
  expect(useCase('query session').request).toMatchObject({ parentSpanId: '', links: [] })
})

test('the standard variables choose what is sampled', async () => {
  const { idem, process } = await start({ OTEL_TRACES_SAMPLER: 'always_off' })
  await somebody(idem).signIn()
  await process.stop()
  expect(collector.spans).toEqual([])
})

test('a statement of the ORM, which writes values into its text, has only its operation and table', async () => {
  const { idem, process } = await start()
  const ada = somebody(idem)
  const { accessToken } = await ada.signIn()
  // Its notice is written by a job that reads the audit entry by its id.
  expect((await new KeyOwner(idem).link(accessToken)).errors).toEqual([])
  await mailsTo(ada.inbox, ada.address, 2)
  await process.stop()
  const job = collector.find('process send-notices')
  const read = collector.find('select audit_entry', job.traceId)
  expect(collector.parentOf(read)).toBe(job)
  expect(read.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.operation.name': 'select',
    'db.collection.name': 'audit_entry',
    'db.namespace': new URL(idem.databaseUrl).pathname.slice(1),
    'idem.request.id': job.attributes['idem.request.id'],
  })
  const uuid = /[\da-f]{8}-[\da-f]{4}/
  const texts = collector.spans.flatMap(({ attributes }) => String(attributes['db.query.text'] ?? ''))
  expect(texts.filter((text) => uuid.test(text))).toEqual([])
  expect(texts.some((text) => text.includes('$1'))).toBe(true)
})

test('a stream is one span until its client leaves, with one for each event', async () => {
  const { idem, process } = await start()
  const { id } = await new KeyOwner(idem).challenge()
  const stream = await EventStream.watch(idem, id)
  await stream.until('PENDING null')
  stream.leave()
  await process.stop()
  const event = collector.find('subscription challengeUpdated')
  expect(collector.parentOf(event)).toMatchObject({
    name: 'POST /graphql/stream',
    attributes: { 'http.response.status_code': 200, 'idem.aborted': true },
  })
})

test('variables that the SDK cannot use are named in the log, without their values', async () => {
  const { process } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'password-in-an-address',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER: 'sometimes',
  })
  const { stdout, exitCode } = await process.stop()
  expect(exitCode).toBe(0)
  const warned = stdout.split('\n').filter((line) => line.includes('"level":"warn"'))
  for (const name of ['export URL', 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_TRACES_SAMPLER'])
    expect(warned.filter((line) => line.includes(name)).length).toBeGreaterThan(0)
  expect(stdout).not.toMatch(/password-in-an-address|sometimes/)
})

/** The log lines of a process about the collector. */
const aboutCollector = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => line.includes('collector'))

test('a collector that refuses costs one line of the log, which quotes nothing', async () => {
  collector.behaviour = 'refuses'
  const { idem, process } = await start({ OTEL_BSP_SCHEDULE_DELAY: '20' })
  for (let round = 1; round <= 3; round += 1) {
    await idem.ask('{ me { id } }')
    await millisecondsUntil(10_000, async () => collector.headers.length >= round)
  }
  const { stdout, exitCode } = await process.stop()
  expect(exitCode).toBe(0)
  expect(aboutCollector(stdout)).toHaveLength(1)
  expect(JSON.parse(aboutCollector(stdout)[0] ?? '')).toMatchObject({ level: 'warn', reason: 403 })
  expect(stdout).not.toContain('secret-of-the-collector')
})

test.each(['hangs', 'is away'])('a collector that %s does not hold up a stop', async (how) => {
  if (how === 'hangs') collector.behaviour = 'hangs'
  const away = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }
  const { idem, process } = await start({
    IDEM_DRAIN_SECONDS: '1',
    OTEL_BSP_SCHEDULE_DELAY: '20',
    ...(how === 'hangs' ? {} : away),
  })
  await somebody(idem).signIn()
  // The process would be ended with exit code 1 after six seconds, if it still waited.
  const { exitCode, stderr } = await process.stop()
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})
