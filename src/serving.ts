// The processes that serve requests, run jobs, or both: from the start until a signal ends them.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from '../jobs/worker.js'
import type { Foundation } from './foundation.js'
import { createApp } from './http/app.js'
import { readinessOf } from './http/health.js'
import { addressesOf, listen } from './http/listen.js'
import { listenProblemOf } from './http/listen-problem.js'
import { tellWhenReady } from './http/tell-when-ready.js'
import type { Installation } from './installation.js'
import { prepareQueue, prepareTables, withFoundation } from './preparation.js'
import { type StopSignals, watchStopSignals } from './runtime/stop-signals.js'
import { type Service, startService } from './service.js'

/** The role of a process: serve requests, run jobs, or both. */
export type Role = 'api' | 'worker' | 'both'

/** Time for closing after the drain, in seconds; it may be used up if a database does not answer. */
const marginSeconds = 5

/** Exits after a time limit even if something still waits, so that a supervisor need not kill the process. */
const endAnyway = (seconds: number): void => {
  const end = () => {
    process.stderr.write('Stopped with work left undone: something did not answer.\n')
    process.exit(1)
  }
  setTimeout(end, seconds * 1000).unref()
}

/** A worker with its HTTP application, which has only the health routes. */
const startWorkerApp = (
  { settings, publicUrl, instanceId, random, logger }: Installation,
  { database, metrics }: Foundation,
  worker: Worker,
): Service => {
  let draining = false
  const health = {
    isDraining: () => draining,
    databaseAnswers: () => database.answers(),
    queueAnswers: () => worker.queueAnswers(),
  }
  const app = createApp({
    ...health,
    settings: settings.http,
    publicUrl,
    instanceId,
    random,
    logger,
    metrics,
  })
  const drain = (): void => {
    draining = true
  }
  return {
    app,
    readiness: () => readinessOf(health),
    drain,
    stop: async () => {
      drain()
      await worker.stop()
      await app.close()
    },
  }
}

const start = async (role: Role, installation: Installation, foundation: Foundation): Promise<Service> => {
  if (role === 'api') return await startService(installation, foundation)
  await prepareQueue(installation)
  // It brings nodemailer beside BullMQ.
  const { startWorker } = await import('../jobs/worker.js')
  const worker = await startWorker(installation, foundation)
  if (role === 'worker') return startWorkerApp(installation, foundation, worker)
  const service = await startService(installation, foundation, () => worker.queueAnswers()).catch(
    async (error: unknown) => {
      await worker.stop()
      throw error
    },
  )
  return {
    ...service,
    // In parallel, so that running jobs and requests get the same time to finish.
    stop: async () => void (await Promise.all([service.stop(), worker.stop()])),
  }
}

const readyLine = (role: Role, publicUrl: string): string =>
  role === 'worker' ? 'Idem does the jobs' : `Idem is ready at ${publicUrl}`

/** Time between the first signal and the end of the port, in seconds. Nobody sends requests to a worker. */
const delayOf = (role: Role, { settings }: Installation): number =>
  role === 'worker' ? 0 : settings.http.drainDelaySeconds

/** Listens, says when it is ready, and returns when it is to take no more requests. */
const listenUntilStopped = async (
  role: Role,
  { installation, service, signals }: { installation: Installation; service: Service; signals: StopSignals },
): Promise<void> => {
  const { settings, logger, publicUrl } = installation
  const { host, port } = settings.http
  const stop = new AbortController()
  void signals.requested.then(() => stop.abort())
  const listening = addressesOf(host).then((addresses) => listen(service.app, { addresses, port }))
  await listening.catch((error: unknown) => {
    throw listenProblemOf(error, { host, port }) ?? error
  })
  const wasReady = await tellWhenReady({
    readiness: service.readiness,
    logger,
    tell: () => logger.info({ role, url: publicUrl, host, port }, readyLine(role, publicUrl)),
    signal: stop.signal,
  })
  await signals.requested
  service.drain()
  const delaySeconds = delayOf(role, installation)
  if (wasReady && delaySeconds > 0) {
    logger.info({ delaySeconds }, 'stopping soon: /readyz answers 503, requests are still answered')
    await Promise.race([sleep(delaySeconds * 1000, undefined, { ref: false }), signals.insisted])
  }
  logger.info('stopping: no new requests and jobs, those under way finish')
}

/** Serves until a signal ends the process. Throws what prevents it. */
export const serve = async (role: Role): Promise<void> => {
  // Handles signals from the beginning, so that an interrupted start is cleaned up too.
  const signals = watchStopSignals()
  await withFoundation('serve', async (foundation, installation) => {
    const { settings, logger } = installation
    const { drainSeconds } = settings.http
    void signals.requested.then(() => endAnyway(delayOf(role, installation) + drainSeconds + marginSeconds))
    void signals.insisted.then(() => endAnyway(marginSeconds))
    await prepareTables(foundation, installation)
    const service = await start(role, installation, foundation)
    const cutOff = (): void => service.app.server.closeAllConnections()
    try {
      await listenUntilStopped(role, { installation, service, signals })
    } finally {
      void signals.insisted.then(cutOff)
      const deadline = setTimeout(cutOff, drainSeconds * 1000)
      await service.stop()
      clearTimeout(deadline)
    }
    logger.info('stopped')
  })
}
