// Keeps Ctrl-C from breaking work in the middle.

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Does the work to its end; a signal that came meanwhile takes its effect then. */
export const unbroken = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  let came: NodeJS.Signals | null = null
  const note = (signal: NodeJS.Signals): void => {
    came = signal
  }
  for (const signal of signals) process.on(signal, note)
  try {
    return await work()
  } finally {
    for (const signal of signals) process.off(signal, note)
    if (came !== null) process.kill(process.pid, came)
  }
}
