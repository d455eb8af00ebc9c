// Computes the results from the rounds: medians, ratios, and whether goals were reached.
import type { CpuShares } from './cpu-watch.js'
import type { Measurement } from './load/order.js'
import type { Results } from './rounds.js'
import {
  type Goal,
  mostMemoryBytes,
  type RatioGoal,
  type ScenarioName,
  scenarioNames,
  scenarios,
} from './scenario.js'
import { alpha, type TimingResult } from './timing/time-requests.js'

/** The results of a scenario, each the median of its rounds. */
export interface Figures {
  readonly scenario: ScenarioName
  readonly perSecond: number | null
  readonly p50Milliseconds: number | null
  readonly p95Milliseconds: number | null
  readonly p99Milliseconds: number | null
  readonly statementsEach: number | null
  readonly cpu: CpuShares
  /** Ratio to the baseline in the same round; null if that did not run or does not apply. */
  readonly ratioToBaseline: number | null
  readonly goal: Goal | null
  /** Ratio to the scenario that the goal names. */
  readonly ratio: number | null
  /** Null if there is no goal or too few measurements. */
  readonly reached: boolean | null
  readonly perSecondByRound: readonly (number | null)[]
}

/** The results of a run. */
export interface Summary {
  readonly scenarios: readonly Figures[]
  readonly memory: {
    readonly peakBytes: number | null
    readonly mostBytes: number
    readonly reached: boolean | null
    /** Memory of an Idem in both roles; null if none ran. */
    readonly bothRolesPeakBytes: number | null
    /** Memory of an Idem that checks passwords; null if none ran. */
    readonly passwordsPeakBytes: number | null
  }
  readonly timings: readonly Timing[]
  readonly leftOut: readonly ScenarioName[]
}

/** A comparison of known and unknown addresses: `medians` of the known ones first, in milliseconds. */
export interface Timing extends TimingResult {
  readonly scenario: ScenarioName
  readonly alpha: number
}

/** Tolerated excess over a goal of statements per operation: statements of jobs that run beside the scenario. */
const negligibleStatements = 0.005

/** Computes the figures. */
export const summarise = (results: Results): Summary => {
  const peakBytes = results.peakMemory.get('idem') ?? null
  const bothRoles = [results.peakMemory.get('both'), results.peakMemory.get('bothOnRedis')]
  return {
    scenarios: scenarioNames
      .filter((name) => results.rounds.some((round) => round.has(name)))
      .map((name) => figuresOf(name, results)),
    memory: {
      peakBytes,
      mostBytes: mostMemoryBytes,
      reached: peakBytes === null ? null : peakBytes <= mostMemoryBytes,
      passwordsPeakBytes: results.peakMemory.get('passwords') ?? null,
      bothRolesPeakBytes: Math.max(...bothRoles.map((bytes) => bytes ?? 0)) || null,
    },
    timings: [...results.timings].map(([scenario, timing]) => ({ scenario, alpha, ...timing })),
    leftOut: results.leftOut,
  }
}

const figuresOf = (scenario: ScenarioName, { rounds }: Results): Figures => {
  const measured = rounds.flatMap((round) => round.get(scenario) ?? [])
  const medianOf = (pick: (measurement: Measurement) => number | null): number | null =>
    median(measured.map(pick))
  /** Ratios within each round, so that a temporary disturbance of the machine affects both sides. */
  const ratioTo = (other: ScenarioName): number | null =>
    median(rounds.map((round) => quotient(round.get(scenario), round.get(other))))
  const { goal, course } = scenarios[scenario]
  const slowdownTo = (other: ScenarioName): number | null =>
    median(rounds.map((round) => slowdown(round.get(scenario), round.get(other))))
  const ratio = goal === null || goal.kind === 'latency' ? null : ratioOf(goal, { ratioTo, slowdownTo })
  const statementsEach = medianOf((measurement) => measurement.statementsEach)
  const p95Milliseconds = medianOf((measurement) => measurement.p95Milliseconds)
  return {
    scenario,
    perSecond: medianOf((measurement) => measurement.perSecond),
    p50Milliseconds: medianOf((measurement) => measurement.p50Milliseconds),
    p95Milliseconds,
    p99Milliseconds: medianOf((measurement) => measurement.p99Milliseconds),
    statementsEach,
    cpu: {
      server: medianOf(({ cpu }) => cpu.server),
      client: medianOf(({ cpu }) => cpu.client),
      postgres: medianOf(({ cpu }) => cpu.postgres),
    },
    ratioToBaseline: course.kind === 'load' ? ratioTo('baseline') : null,
    goal,
    ratio,
    reached: isReached(goal, { ratio, statementsEach, p95Milliseconds }),
    perSecondByRound: measured.map(({ perSecond }) => perSecond),
  }
}

type Compare = (other: ScenarioName) => number | null

const ratioOf = (
  { kind, comparedWith }: Exclude<Goal, { readonly kind: 'latency' }>,
  { ratioTo, slowdownTo }: { readonly ratioTo: Compare; readonly slowdownTo: Compare },
): number | null => (kind === 'ratio' ? ratioTo(comparedWith) : slowdownTo(comparedWith))

const isReached = (
  goal: Goal | null,
  { ratio, statementsEach, p95Milliseconds }: Pick<Figures, 'ratio' | 'statementsEach' | 'p95Milliseconds'>,
): boolean | null => {
  if (goal === null) return null
  if (goal.kind === 'latency')
    return p95Milliseconds === null ? null : p95Milliseconds <= goal.mostP95Milliseconds
  if (ratio === null) return null
  if (goal.kind === 'slowdown') return ratio <= goal.mostRatio
  return isRatioReached(goal, ratio, statementsEach)
}

const isRatioReached = (goal: RatioGoal, ratio: number, statementsEach: number | null): boolean =>
  ratio >= goal.leastRatio &&
  (goal.mostStatements === null ||
    (statementsEach !== null && statementsEach < goal.mostStatements + negligibleStatements))

const quotient = (one: Measurement | undefined, other: Measurement | undefined): number | null =>
  one?.perSecond == null || !other?.perSecond ? null : one.perSecond / other.perSecond

const slowdown = (one: Measurement | undefined, other: Measurement | undefined): number | null =>
  one?.p95Milliseconds == null || !other?.p95Milliseconds ? null : one.p95Milliseconds / other.p95Milliseconds

/** The median; null if any value is missing. */
const median = (values: readonly (number | null)[]): number | null => {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  if (sorted.length === 0 || sorted.length < values.length) return null
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ]
  return low === undefined || high === undefined ? null : (low + high) / 2
}
