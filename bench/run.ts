// The entry of the benchmark: reads the command line, runs, reports, and removes everything that it started.
import { help, type Options, readOptions, UsageProblem } from './options.js'
import { asJson, asTable } from './report.js'
import { runRounds } from './rounds.js'
import { RunFailed } from './run-scenario.js'
import { Started } from './started.js'
import { summarise } from './summary.js'

/** The run was interrupted by a signal. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Rejects at the first signal. Later ones have no effect, because the cleanup is already running. */
const interruption = (): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => reject(new Interrupted(`${signal}: ending what was started`)))
  return promise
}

const bench = async (options: Options): Promise<void> => {
  const started = new Started()
  const interrupted = interruption()
  try {
    const results = await Promise.race([runRounds(options, started, say), interrupted])
    const run = { options, results, summary: summarise(results) }
    process.stdout.write(options.json ? asJson(run) : asTable(run))
  } finally {
    await started.end()
  }
}

const fail = (error: unknown): number => {
  const isPlain = [UsageProblem, RunFailed, Interrupted].some((kind) => error instanceof kind)
  say(error instanceof Error ? (isPlain ? error.message : (error.stack ?? error.message)) : String(error))
  if (error instanceof UsageProblem) return exitCodes.usage
  return error instanceof Interrupted ? exitCodes.interrupted : exitCodes.failed
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else await bench(options)
} catch (error) {
  process.exitCode = fail(error)
}
