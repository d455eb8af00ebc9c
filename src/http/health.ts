// The routes for health, readiness and metrics.
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../runtime/metrics.js'

/** What the health routes need. */
export interface HealthNeeds {
  readonly instanceId: string
  readonly metrics: Metrics
  /** True while the service drains and load balancers should send it no new requests. */
  readonly isDraining: () => boolean
  readonly databaseAnswers: () => Promise<boolean>
  /** Whether the backend of the queue answers; null in a process that runs no jobs and needs only the database. */
  readonly queueAnswers: (() => Promise<boolean>) | null
}

/** A database or queue that takes longer counts as unavailable, in milliseconds. */
const answerMilliseconds = 1_000

const within = async (milliseconds: number, work: Promise<boolean>): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Adds the routes. */
export const addHealth = (app: FastifyInstance, needs: HealthNeeds): void => {
  app.get('/healthz', async () => ({ status: 'ok', instanceId: needs.instanceId }))
  app.get('/readyz', async (_request, reply) => {
    const draining = needs.isDraining()
    const database = await within(answerMilliseconds, needs.databaseAnswers())
    const queue = needs.queueAnswers === null || (await within(answerMilliseconds, needs.queueAnswers()))
    const ready = database && queue && !draining
    return await reply
      .code(ready ? 200 : 503)
      .headers(ready ? {} : { 'retry-after': '2' })
      .send({
        status: ready ? 'ready' : 'not ready',
        database: database ? 'up' : 'away',
        ...(needs.queueAnswers === null ? {} : { queue: queue ? 'up' : 'away' }),
        draining,
      })
  })
  app.get('/metrics', async (_request, reply) => {
    const body = await needs.metrics.registry.metrics()
    return await reply.type(needs.metrics.registry.contentType).send(body)
  })
}
