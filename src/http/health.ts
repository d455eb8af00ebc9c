// The routes for health, readiness and metrics.
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../runtime/metrics.js'
import { withTimeLimit } from '../runtime/time-limit.js'

/** What decides whether a process is ready. */
export interface ReadinessNeeds {
  /** True while the service drains and load balancers should send it no new requests. */
  readonly isDraining: () => boolean
  readonly databaseAnswers: () => Promise<boolean>
  /** Whether the backend of the queue answers; null in a process that runs no jobs and needs only the database. */
  readonly queueAnswers: (() => Promise<boolean>) | null
}

/** What the health routes need. */
export interface HealthNeeds extends ReadinessNeeds {
  readonly instanceId: string
  readonly metrics: Metrics
}

/** Whether a process is ready, and what it waits for. */
export interface Readiness {
  readonly ready: boolean
  readonly database: 'up' | 'away'
  /** Absent in a process that runs no jobs. */
  readonly queue?: 'up' | 'away'
  readonly draining: boolean
}

/** A database or queue that takes longer counts as unavailable, in milliseconds. */
const answerMilliseconds = 1_000

const inTime = async (answer: Promise<boolean>): Promise<boolean> =>
  await withTimeLimit(answer, answerMilliseconds, () => false)

/** Asks everything that the process needs, each within a second. */
export const readinessOf = async ({
  isDraining,
  databaseAnswers,
  queueAnswers,
}: ReadinessNeeds): Promise<Readiness> => {
  const draining = isDraining()
  const [database, queue] = await Promise.all([
    inTime(databaseAnswers()),
    queueAnswers === null || inTime(queueAnswers()),
  ])
  return {
    ready: database && queue && !draining,
    database: database ? 'up' : 'away',
    ...(queueAnswers === null ? {} : { queue: queue ? 'up' : 'away' }),
    draining,
  }
}

/** Adds the routes. */
export const addHealth = (app: FastifyInstance, needs: HealthNeeds): void => {
  app.get('/healthz', async () => ({ status: 'ok', instanceId: needs.instanceId }))
  app.get('/readyz', async (_request, reply) => {
    const { ready, ...parts } = await readinessOf(needs)
    return await reply
      .code(ready ? 200 : 503)
      .headers(ready ? {} : { 'retry-after': '2' })
      .send({ status: ready ? 'ready' : 'not ready', ...parts })
  })
  app.get('/metrics', async (_request, reply) => {
    const body = await needs.metrics.registry.metrics()
    return await reply.type(needs.metrics.registry.contentType).send(body)
  })
}
