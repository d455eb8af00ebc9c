// Starts a worker beside the service of a test: in the same process, with the same database and clock.
import { startWorker, type Worker } from '../../jobs/worker.js'
import type { TestService } from './start-service.js'

/** Starts a worker that shares the service's foundation. Stop it before the service. */
export const startTestWorker = async (idem: TestService): Promise<Worker> =>
  await startWorker(idem.options, idem.foundation)
