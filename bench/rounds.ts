// The course of a run: start everything, warm up, then round after round every scenario in turn.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type CorePlan, pin, planCores } from './cores.js'
import { startIdem } from './idem-server.js'
import type { Measurement, Order, Reply } from './load/order.js'
import type { Options } from './options.js'
import { peakMemoryBytes } from './process-usage.js'
import { type ScenarioName, scenarios } from './scenario.js'
import { type Server, startBare } from './server.js'
import { nextMessage, pidOf, type Started } from './started.js'

/** All that was measured. */
export interface Results {
  readonly cores: CorePlan | null
  /** One entry a round. */
  readonly rounds: readonly ReadonlyMap<ScenarioName, Measurement>[]
  readonly peakMemoryBytes: number | null
}

/** A request was refused, or a process ended: there is no result. */
export class RunFailed extends Error {
  override readonly name = 'RunFailed'
}

interface Stage {
  readonly servers: { readonly bare: Server; readonly idem: Server }
  readonly postgresPid: number | null
  readonly client: ChildProcess
  readonly cores: CorePlan | null
}

/** Runs the benchmark, telling `progress` what it does. Throws `RunFailed` when a request is refused. */
export const runRounds = async (
  options: Options,
  started: Started,
  progress: (line: string) => void,
): Promise<Results> => {
  progress('starting the servers and the load client')
  const stage = await setStage(options, started)
  const rounds: Map<ScenarioName, Measurement>[] = []
  // Round 0 compiles what is hot and fills caches; it is not kept.
  for (let round = 0; round <= options.rounds; round++) {
    const measurements = new Map<ScenarioName, Measurement>()
    for (const scenario of options.only) {
      const measurement = await measureOn(stage, scenario, options)
      measurements.set(scenario, measurement)
      const title = round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`
      progress(`${title}: ${scenario} ${Math.round(measurement.perSecond)}/s`)
    }
    if (round > 0) rounds.push(measurements)
  }
  return { cores: stage.cores, rounds, peakMemoryBytes: peakMemoryBytes(stage.servers.idem.pid) }
}

/**
 * The benchmark leaves the server's core first, and all that it starts inherits that: so PostgreSQL, a grandchild,
 * stays away when its server is moved there in the end.
 */
const setStage = async (options: Options, started: Started): Promise<Stage> => {
  const cores = await planCores()
  if (cores !== null) await pin(process.pid, cores.others)
  const bare = await startBare(started)
  const { postgresPid, ...idem } = await startIdem(options, started)
  const client = started.fork(fileURLToPath(new URL('./load/client.js', import.meta.url)), { execArgv: [] })
  if (cores !== null) {
    for (const { pid } of [bare, idem]) await pin(pid, [cores.server])
    await pin(pidOf(client), [cores.client])
  }
  return { servers: { bare, idem }, postgresPid, client, cores }
}

const measureOn = async (stage: Stage, scenario: ScenarioName, options: Options): Promise<Measurement> => {
  const server = stage.servers[scenarios[scenario].server]
  const order: Order = {
    scenario,
    port: server.port,
    seconds: options.seconds,
    connections: options.connections,
    watched: { server: server.pid, postgres: stage.postgresPid },
  }
  stage.client.send(order)
  // Our own program sends nothing else.
  const reply = (await nextMessage(stage.client)) as Reply
  if (reply.kind === 'failed') throw new RunFailed(`${scenario}: ${reply.reason}`)
  return reply.measurement
}
