// Turns what Node itself prints about the process, uncaught errors and warnings, into lines of the log.
import type { Logger } from './logger.js'

/** Exit code of a process that ended because of a bug, as Node's own. */
const bugExitCode = 1

/**
 * Logs uncaught errors and warnings as outlines, because Node prints errors with all their properties. An uncaught
 * error ends the process, as without this.
 */
export const adoptProcess = (logger: Logger): void => {
  process.on('uncaughtException', (error, origin) => {
    logger.fatal({ err: error, origin }, 'the process ends because of a bug')
    process.exit(bugExitCode)
  })
  // The default listener prints to standard error.
  process.removeAllListeners('warning')
  process.on('warning', (warning) => logger.warn({ err: warning }, 'Node warns'))
}
