// What the SDK of OpenTelemetry says of a variable is logged without its value, which may hold a password.
import { afterEach, expect, test, vi } from 'vitest'
import { createLogger } from '../../../src/runtime/logger.js'
import { openTraces } from '../../../src/runtime/open-traces.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'

const secret = 'hunter2-of-the-test'

afterEach(() => vi.unstubAllEnvs())

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', `https://idem:${secret}@[`],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', `https://idem:it's-${secret}@[`],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', `it's ${secret}`],
  ['OTEL_TRACES_SAMPLER', `a "b" ${secret}`],
  ['OTEL_BSP_MAX_QUEUE_SIZE', `it's a "b" ${secret}`],
])('%s with a wrong value is warned of', async (variable, value) => {
  vi.stubEnv(variable, value)
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'info', requestScope: new RequestScope(), destination })
  await openTraces('here', logger).close()
  expect(lines.join('')).not.toContain(secret)
  expect(lines.map((line) => JSON.parse(line))).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'a variable of OpenTelemetry is not usable' }),
  )
})
