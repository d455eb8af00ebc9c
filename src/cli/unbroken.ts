// Keeps Ctrl-C from breaking work in the middle.

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A signal to ourselves arrives in a later turn of the event loop, which must not run dry before. In milliseconds. */
const arrivalMs = 1_000

/** Does the work to its end; a signal that came meanwhile takes its effect then. */
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
