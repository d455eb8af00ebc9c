// The way to an installation's tables, for what is put there beforehand: through the stores, as Idem itself does it.
import { Call } from '../src/database/call.js'
import { Database } from '../src/database/database.js'
import { entities } from '../src/entities.js'
import { createLogger, type Logger } from '../src/runtime/logger.js'
import { createMetrics, type Metrics } from '../src/runtime/metrics.js'
import { RequestScope } from '../src/runtime/request-scope.js'

/** Enough for a loader and the stores beside it. */
const poolSize = 10

/** Opened tables; `database` is to be closed. */
export interface Tables {
  readonly database: Database
  readonly logger: Logger
  readonly metrics: Metrics
  /** A call by nobody, as of now. */
  readonly ownCall: () => Call
}

/** Opens the tables of the database at `url`. Trouble is told on standard error. */
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

/** Does `work` on the tables of the database at `url`, and closes them. */
export const withTables = async <T>(url: string, work: (tables: Tables) => Promise<T>): Promise<T> => {
  const tables = await openTables(url)
  try {
    return await work(tables)
  } finally {
    await tables.database.close()
  }
}
