// The signals that end a process: the first asks for the end, a later one insists on it.

/** What was asked of a process by signals. */
export interface StopSignals {
  /** Resolves when the process is to stop. */
  readonly requested: Promise<void>
  /** Resolves when it is to stop without waiting for anything. */
  readonly insisted: Promise<void>
}

/**
 * Interval of the check for the parent, in milliseconds. npm starts a shell that forwards no signals; its end means
 * "stop".
 */
const parentCheckMilliseconds = 300

/** Signals this close together are one request: Ctrl-C sends one from the terminal and one from npm. In milliseconds. */
const sameRequestMilliseconds = 1_000

/** Handles the signals from now on. */
export const watchStopSignals = (): StopSignals => {
  const requested = Promise.withResolvers<void>()
  const insisted = Promise.withResolvers<void>()
  let requestedAt: number | null = null
  const request = (): void => {
    requestedAt ??= performance.now()
    requested.resolve()
  }
  const onSignal = (): void => {
    if (requestedAt !== null && performance.now() - requestedAt > sameRequestMilliseconds) insisted.resolve()
    request()
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal)
  const parent = process.ppid
  if (process.env['npm_lifecycle_event'] !== undefined)
    setInterval(() => process.ppid !== parent && request(), parentCheckMilliseconds).unref()
  return { requested: requested.promise, insisted: insisted.promise }
}
