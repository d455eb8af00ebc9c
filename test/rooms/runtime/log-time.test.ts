// Each line of the log has the time at which it was written, also beside others of the same millisecond.
import { afterEach, expect, test, vi } from 'vitest'
import { createLogger } from '../../../src/runtime/logger.js'
import { RequestScope } from '../../../src/runtime/request-scope.js'

afterEach(() => vi.useRealTimers())

test('lines have the time of their writing in ISO 8601, in UTC', () => {
  vi.useFakeTimers()
  const lines: { time: string; msg: string }[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'info', requestScope: new RequestScope(), destination })
  for (const [time, words] of [
    [0, 'first'],
    [0, 'second'],
    [1, 'third'],
    [1_800_000_000_123, 'fourth'],
    [1_799_999_999_999, 'fifth, the clock was set back'],
  ] as const) {
    vi.setSystemTime(time)
    logger.info(words)
  }
  expect(lines.map(({ time, msg }) => [time, msg])).toEqual([
    ['1970-01-01T00:00:00.000Z', 'first'],
    ['1970-01-01T00:00:00.000Z', 'second'],
    ['1970-01-01T00:00:00.001Z', 'third'],
    ['2027-01-15T08:00:00.123Z', 'fourth'],
    ['2027-01-15T07:59:59.999Z', 'fifth, the clock was set back'],
  ])
})
