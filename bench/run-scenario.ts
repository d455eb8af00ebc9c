// Runs one scenario of one round.
import type { HashesReply } from './hashes/order.js'
import type { JobsReply } from './jobs/order.js'
import type { Measurement, Order, Reply } from './load/order.js'
import { countStatements } from './load/statements.js'
import { appendMails } from './mail/append-mails.js'
import { runMerges } from './merges/run-merges.js'
import type { Options } from './options.js'
import { runBatch } from './run-batch.js'
import { type Course, type ScenarioName, type ServerName, scenarios, webhookEndpoints } from './scenario.js'
import type { Stage, StagedServer } from './stage.js'
import { nextMessage, pidOf } from './started.js'
import { withTables } from './tables.js'
import { addEndpoints } from './webhooks/endpoints.js'

/** A request was refused, or a process ended: there is no result. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed'
}

/** The server with this name. Throws if the stage has none. */
export const serverOn = (stage: Stage, name: ServerName): StagedServer => {
  const server = stage.servers.get(name)
  if (server === undefined) throw new Error(`the server ${name} was not started`)
  return server
}

/** Lets the load client run an order. Throws `RunFailed` if a request is refused. */
export const askClient = async (
  stage: Stage,
  order: Order,
): Promise<Exclude<Reply, { readonly kind: 'failed' }>> => {
  stage.client.send(order)
  // The load client sends nothing else.
  const reply = (await nextMessage(stage.client)) as Reply
  if (reply.kind === 'failed') throw new RunFailed(`${order.kind}: ${reply.reason}`)
  return reply
}

/** Runs a scenario. Throws `RunFailed`. */
export const runScenario = async (
  stage: Stage,
  scenario: ScenarioName,
  options: Options,
): Promise<Measurement> => {
  const { course } = scenarios[scenario]
  switch (course.kind) {
    case 'load': {
      const { port, pid } = serverOn(stage, course.server)
      const { seconds, connections } = options
      const watched = { server: pid, postgres: stage.postgresPid }
      const { watchPort } = stage.sink
      return measurementOf(
        await askClient(stage, { kind: 'load', scenario, port, watchPort, seconds, connections, watched }),
      )
    }
    case 'latency': {
      const { port } = serverOn(stage, course.server)
      const { watchPort } = stage.sink
      const { requests } = options
      return measurementOf(await askClient(stage, { kind: 'latency', port, watchPort, requests }))
    }
    case 'hashes':
      return await hash(stage, options.seconds)
    case 'me':
      return await askForMe(stage, course, options)
    case 'mails':
      return await sendMails(stage, course.by, options)
    case 'jobs':
      return await doJobs(stage, course, options)
    case 'webhooks':
      return await deliver(stage, course, options)
    case 'merges': {
      const { databaseUrl } = serverOn(stage, course.server)
      if (databaseUrl === null) throw new Error(`the server ${course.server} has no database`)
      return await runMerges({ databaseUrl, rows: course.rows, act: course.act })
    }
    case 'timing':
      throw new Error('timing is no scenario of a round')
  }
}

const measurementOf = (reply: Awaited<ReturnType<typeof askClient>>): Measurement => {
  if (reply.kind !== 'measured') throw new Error(`the client replied ${reply.kind}`)
  return reply.measurement
}

/** Lets the hasher compute Argon2id, on all cores, as the server that checks passwords may. */
const hash = async ({ hasher }: Stage, seconds: number): Promise<Measurement> => {
  if (hasher === null) throw new Error('the hasher was not started')
  hasher.send({ seconds })
  const reply = (await nextMessage(hasher)) as HashesReply
  if (reply.kind === 'failed') throw new RunFailed(`hashes: ${reply.reason}`)
  return reply.measurement
}

/** The hasher goes on for longer than the client, who opens a session first, in seconds. */
const longerSeconds = 0.3

const askForMe = async (
  stage: Stage,
  { server, logins, hashes }: Extract<Course, { readonly kind: 'me' }>,
  { seconds }: Options,
): Promise<Measurement> => {
  const { port } = serverOn(stage, server)
  const { watchPort } = stage.sink
  const [reply] = await Promise.all([
    askClient(stage, { kind: 'me', port, watchPort, seconds, logins }),
    hashes ? hash(stage, seconds + longerSeconds) : null,
  ])
  return measurementOf(reply)
}

const sendMails = async (
  stage: Stage,
  by: 'nodemailer' | 'both' | 'bothOnRedis',
  { batch: mails }: Options,
): Promise<Measurement> => {
  const { sink, sender, postgresPid: postgres } = stage
  if (by === 'nodemailer') {
    if (sender === null) throw new Error('the sender was not started')
    const release = async (released: () => void): Promise<void> => {
      released()
      sender.send({ mails })
    }
    const watched = { server: pidOf(sender), postgres: null }
    return await runBatch({ operations: mails, sink, watched, release, countStatements: async () => null })
  }
  const { pid, port, databaseUrl } = serverOn(stage, by)
  if (databaseUrl === null) throw new Error(`the server ${by} has no database`)
  return await withTables(
    databaseUrl,
    async ({ ownCall }) =>
      await runBatch({
        operations: mails,
        sink,
        watched: { server: pid, postgres },
        release: async (released) => await appendMails(ownCall(), mails, released),
        countStatements: async () => await countStatements(port),
      }),
  )
}

/** Each event is a delivery to each endpoint; those that hang take none. */
const deliver = async (
  stage: Stage,
  { server, hanging }: Extract<Course, { readonly kind: 'webhooks' }>,
  { batch }: Options,
): Promise<Measurement> => {
  const { webhookSink: sink, postgresPid: postgres } = stage
  const { pid, port, databaseUrl } = serverOn(stage, server)
  if (sink === null || databaseUrl === null) throw new Error('the webhook sink was not started')
  const answering = webhookEndpoints - hanging
  const events = Math.max(1, Math.round(batch / answering))
  const urls = Array.from({ length: webhookEndpoints }, (_, index) =>
    sink.urlOf(index < hanging ? `/hang/${index}` : `/${index}`),
  )
  return await withTables(databaseUrl, async (tables) => {
    const endpoints = await addEndpoints(tables, urls)
    try {
      return await runBatch({
        operations: events * answering,
        sink,
        watched: { server: pid, postgres },
        release: async (released) => await endpoints.release(events, released),
        countStatements: async () => await countStatements(port),
      })
    } finally {
      await endpoints.remove()
      await sink.release()
    }
  })
}

const doJobs = async (
  stage: Stage,
  { by, backend }: Extract<Course, { readonly kind: 'jobs' }>,
  { batch: jobs }: Options,
): Promise<Measurement> => {
  const { runner, postgresPid: postgres, placeOf } = stage
  if (runner === null) throw new Error('the job runner was not started')
  const watched = { server: pidOf(runner), client: null, postgres }
  runner.send({ by, jobs, watched, ...placeOf(by, backend) })
  const reply = (await nextMessage(runner)) as JobsReply
  if (reply.kind === 'failed') throw new RunFailed(`jobs by ${by} on ${backend}: ${reply.reason}`)
  return reply.measurement
}
