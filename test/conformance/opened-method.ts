// What both conformance suites begin with: a service that has the method under test.
import { Call } from '../../src/database/call.js'
import type { Method, MethodDefinition } from '../../src/methods/method.js'
import { methodDefinitions } from '../../src/methods/registry.js'
import { startTestService, type TestService } from '../support/start-service.js'
import { Tables } from '../support/tables.js'

/** A running service, its database, and the method. */
export interface OpenedMethod {
  readonly idem: TestService
  readonly tables: Tables
  readonly method: Method
}

/** Starts a service with the method of a name, which `definition` adds where the registry has it not. */
export const openMethod = async ({
  name,
  definition,
}: {
  readonly name: string
  readonly definition?: MethodDefinition
}): Promise<OpenedMethod> => {
  const definitions = definition === undefined ? methodDefinitions : [...methodDefinitions, definition]
  const idem = await startTestService({ methodDefinitions: definitions })
  const tables = await Tables.open(idem.databaseUrl)
  const method = idem.foundation.methods.find((candidate) => candidate.name === name)
  if (method === undefined) throw new Error(`no method ${name}`)
  return { idem, tables, method }
}

/** A call of nobody, at the time of the service's clock. */
export const callTo = (idem: TestService): Call =>
  new Call(idem.foundation.database, {
    principal: null,
    now: idem.clock.now(),
    requestId: 'conformance',
    source: { network: '192.0.2.1', address: '192.0.2.1', userAgent: null, acceptLanguage: null },
  })
