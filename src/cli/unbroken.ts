// Delays signals such as Ctrl-C until work is finished.

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * How long the event loop is kept running for a signal to this process, which arrives in a later turn. In milliseconds.
 */
const arrivalMs = 1_000

/** Finishes the work; a signal that arrived meanwhile takes effect after it. */
export const unbroken = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  const came = new Set<NodeJS.Signals>()
  const note = (signal: NodeJS.Signals): unknown => came.add(signal)
  for (const signal of signals) process.on(signal, note)
  try {
    return await work()
  } finally {
    for (const signal of signals) process.off(signal, note)
    for (const signal of came) {
      process.kill(process.pid, signal)
      await new Promise((resolve) => setTimeout(resolve, arrivalMs))
    }
  }
}
