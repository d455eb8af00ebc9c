// One service, and a connection to its database, for all tests of a file.
import { afterAll } from 'vitest'
import { startTestService, type TestService, type TestServiceOptions } from './start-service.js'
import { Tables } from './tables.js'

/** Starts both, and stops them after the last test of the file. */
export const serviceOfFile = async (
  options: TestServiceOptions = {},
): Promise<{ readonly idem: TestService; readonly tables: Tables }> => {
  const idem = await startTestService(options)
  const tables = await Tables.open(idem.databaseUrl)
  afterAll(async () => {
    await tables.close()
    await idem.stop()
  })
  return { idem, tables }
}
