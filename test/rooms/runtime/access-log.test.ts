// The line of a request is the one that pino would write.
import { expect, test } from 'vitest'
import { createAccessLog } from '../../../src/runtime/access-log.js'
import { createLogger } from '../../../src/runtime/logger.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'

const open = (level: string) => {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const requestScope = new RequestScope()
  return { lines, requestScope, logger: createLogger({ level, requestScope, destination }) }
}

const request = {
  requestId: systemRandom.uuid(),
  method: 'M-SEARCH',
  route: '/.well-known/*',
  status: 404,
  milliseconds: 0,
}

const timeless = (line = '') => line.replace(/"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/, '"time":""')

test('a request is logged as pino logs it, within its scope and outside of it', () => {
  const { lines, requestScope, logger } = open('info')
  logger.info(request, 'request')
  createAccessLog(logger)(request)
  requestScope.run(request.requestId, () => createAccessLog(logger)(request))
  const [byPino, ...others] = lines.map(timeless)
  expect(byPino).toContain('"time":""')
  expect(others).toEqual([byPino, byPino])
})

test('nothing is logged below the level', () => {
  const { lines, logger } = open('warn')
  createAccessLog(logger)(request)
  expect(lines).toEqual([])
})
