// Opens an installation's tables to insert data before a measurement, through Idem's own stores.
import { Call } from '../src/database/call.js'
import { Database } from '../src/database/database.js'
import { entities } from '../src/entities.js'
import { createLogger, type Logger } from '../src/runtime/logger.js'
import { createMetrics, type Metrics } from '../src/runtime/metrics.js'
import { RequestScope } from '../src/runtime/request-scope.js'

/** Enough connections for a loader and the stores. */
const poolSize = 10

/** Opened tables; the caller closes `database`. */
export interface Tables {
  readonly database: Database
  readonly logger: Logger
  readonly metrics: Metrics
  /** A call without a principal, with the current time. */
  readonly ownCall: () => Call
}

/** Opens the tables of the database at `url`. Errors are logged to standard error. */
export const openTables = async (url: string): Promise<Tables> => {
  const metrics = createMetrics()
  const logger = createLogger({
    level: 'error',
    requestScope: new RequestScope(),
    destination: { write: (line) => void process.stderr.write(line) },
  })
  const database = await Database.open({ url, poolSize, entities, logger, metrics })
  const source = { network: 'none', address: '192.0.2.1', userAgent: 'idem-bench', acceptLanguage: null }
  return {
    database,
    logger,
    metrics,
    ownCall: () => new Call(database, { principal: null, now: new Date(), requestId: 'bench', source }),
  }
}

/** Runs `work` on the tables of the database at `url`, and closes them. */
export const withTables = async <T>(url: string, work: (tables: Tables) => Promise<T>): Promise<T> => {
  const tables = await openTables(url)
  try {
    return await work(tables)
  } finally {
    await tables.database.close()
  }
}
