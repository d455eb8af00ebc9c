// The log line of a request. Every request writes one, so its text is composed directly.
import { type DestinationStream, pino } from 'pino'
import type { Logger } from './logger.js'
import { createTimeField } from './time-field.js'

/** What is logged of a request. */
export interface ServedRequest {
  readonly requestId: string
  readonly method: string
  /** The route's pattern, because a URL may contain a token. */
  readonly route: string
  readonly status: number
  readonly milliseconds: number
}

/**
 * Writes the line that `logger.info(request, 'request')` would write, in a third of the time. No text needs to be
 * escaped: ids are UUIDs, methods are those that Node's parser knows, routes are our own patterns.
 */
export const createAccessLog = (logger: Logger): ((request: ServedRequest) => void) => {
  if (!logger.isLevelEnabled('info')) return () => undefined
  // pino's documented way to its destination; its types do not name the property.
  const destination: DestinationStream = Reflect.get(logger, pino.symbols.streamSym)
  const timeField = createTimeField()
  return ({ requestId, method, route, status, milliseconds }) =>
    destination.write(
      `{"level":"info"${timeField()},"requestId":"${requestId}","method":"${method}","route":"${route}",` +
        `"status":${status},"milliseconds":${milliseconds},"msg":"request"}\n`,
    )
}
