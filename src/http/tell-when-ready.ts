// Waits at the start until a process is ready, and logs that it is, or what it still waits for.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../runtime/logger.js'
import type { Readiness } from './health.js'

/** What `tellWhenReady` works with. */
export interface TellWhenReadyNeeds {
  readonly readiness: () => Promise<Readiness>
  readonly logger: Logger
  /** Called once it is ready. */
  readonly tell: () => void
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal
}

/** Time between two questions, in milliseconds. */
const askMilliseconds = 200
/** Time until the log says what is waited for, and between two such lines, in milliseconds. */
const [firstWordMilliseconds, nextWordMilliseconds] = [3_000, 60_000]

/** Resolves with true once the process is ready, and with false if it is to stop before. */
export const tellWhenReady = async ({ readiness, logger, tell, signal }: TellWhenReadyNeeds) => {
  let wordAt = performance.now() + firstWordMilliseconds
  while (!signal.aborted) {
    const { ready, draining: _, ...parts } = await readiness()
    if (ready && !signal.aborted) {
      tell()
      return true
    }
    if (performance.now() > wordAt) {
      wordAt = performance.now() + nextWordMilliseconds
      logger.warn(
        parts,
        `not ready yet: waiting for ${parts.database === 'away' ? 'the database' : 'the queue'}`,
      )
    }
    await sleep(askMilliseconds, undefined, { signal }).catch(() => undefined)
  }
  return false
}
