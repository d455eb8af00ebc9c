// A whole run: starts the processes, warms up, then runs every scenario in turn in each round.
import type { CorePlan } from './cores.js'
import type { Measurement } from './load/order.js'
import type { Options } from './options.js'
import { peakMemoryBytes } from './process-usage.js'
import { findRedis } from './redis-server.js'
import { askClient, runScenario, serverOn } from './run-scenario.js'
import { needsRedis, type ScenarioName, type ServerName, scenarios } from './scenario.js'
import { type Stage, setStage } from './stage.js'
import type { Started } from './started.js'
import { type TimingResult, timeRequests } from './timing/time-requests.js'

/** All measurements. */
export interface Results {
  readonly cores: CorePlan | null
  /** One entry per round. */
  readonly rounds: readonly ReadonlyMap<ScenarioName, Measurement>[]
  readonly timings: ReadonlyMap<ScenarioName, TimingResult>
  /** Skipped, because there is no Redis on this machine. */
  readonly leftOut: readonly ScenarioName[]
  /** Peak memory of the servers that ran, in bytes. */
  readonly peakMemory: ReadonlyMap<ServerName, number | null>
}

type Progress = (line: string) => void

/** Runs the benchmark and reports each step to `progress`. Throws `RunFailed` if a request is refused. */
export const runRounds = async (options: Options, started: Started, progress: Progress): Promise<Results> => {
  const redis = options.only.some((name) => needsRedis(scenarios[name])) ? await findRedis() : null
  const leftOut = redis === null ? options.only.filter((name) => needsRedis(scenarios[name])) : []
  const only = options.only.filter((name) => !leftOut.includes(name))
  if (leftOut.length > 0) progress(`there is no redis-server here: left out ${leftOut.join(', ')}`)
  progress('starting the servers and the load client')
  const stage = await setStage({ options, only, redis }, started)
  const rounds: Map<ScenarioName, Measurement>[] = []
  const ofRounds = only.filter((name) => scenarios[name].course.kind !== 'timing')
  // Round 0 is a warm-up and is not counted.
  for (let round = 0; round <= options.rounds && ofRounds.length > 0; round++) {
    const measurements = new Map<ScenarioName, Measurement>()
    for (const scenario of ofRounds) {
      const measurement = await runScenario(stage, scenario, options)
      measurements.set(scenario, measurement)
      const title = round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`
      progress(`${title}: ${scenario} ${inShort(measurement)}`)
    }
    if (round > 0) rounds.push(measurements)
  }
  const timings = await runTimings(stage, { options, only, progress })
  const peakMemory = new Map([...stage.servers].map(([name, { pid }]) => [name, peakMemoryBytes(pid)]))
  return { cores: stage.cores, rounds, timings, leftOut, peakMemory }
}

const inShort = ({ perSecond, p95Milliseconds }: Measurement): string =>
  perSecond === null ? `p95 ${p95Milliseconds?.toFixed(1)} ms` : `${Math.round(perSecond)}/s`

const runTimings = async (
  stage: Stage,
  { options, only, progress }: { options: Options; only: readonly ScenarioName[]; progress: Progress },
): Promise<Map<ScenarioName, TimingResult>> => {
  const timings = new Map<ScenarioName, TimingResult>()
  for (const scenario of only) {
    const { course } = scenarios[scenario]
    if (course.kind !== 'timing') continue
    progress(`${scenario}: ${options.addresses} known and ${options.addresses} unknown addresses`)
    const { port, databaseUrl } = serverOn(stage, course.server)
    if (databaseUrl === null) throw new Error(`the server ${course.server} has no database`)
    const timing = await timeRequests({
      port,
      databaseUrl,
      addresses: options.addresses,
      run: async (order) => {
        const reply = await askClient(stage, order)
        if (reply.kind !== 'timed') throw new Error(`the client replied ${reply.kind}`)
        return reply.samples
      },
    })
    timings.set(scenario, timing)
  }
  return timings
}
