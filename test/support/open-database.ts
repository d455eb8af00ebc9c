// Opens the database of a test, as the service does.
import { onTestFinished } from 'vitest'
import { Database } from '../../src/database/database.js'
import { entities } from '../../src/entities.js'
import { createMetrics } from '../../src/runtime/metrics.js'
import { silentLogger } from './start-service.js'

/** It is closed after the test. */
export const openDatabase = async (url: string, metrics = createMetrics()): Promise<Database> => {
  const database = await Database.open({
    url,
    poolSize: 2,
    entities,
    logger: silentLogger,
    metrics,
  })
  onTestFinished(async () => await database.close())
  return database
}
