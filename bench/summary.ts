// From rounds to figures: medians, ratios, and whether the goals were reached.
import type { CpuShares, Measurement } from './load/order.js'
import type { Results } from './rounds.js'
import { type Goal, mostMemoryBytes, type ScenarioName, scenarioNames, scenarios } from './scenario.js'

/** The figures of a scenario; each is the median of its rounds. */
export interface Figures {
  readonly scenario: ScenarioName
  readonly perSecond: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  readonly statementsEach: number | null
  readonly cpu: { readonly [Name in keyof CpuShares]: number | null }
  /** To the baseline in the same round; null when that was not run. */
  readonly ratioToBaseline: number | null
  readonly goal: Goal | null
  /** To the scenario that the goal names. */
  readonly ratio: number | null
  /** Null where there is no goal, or not enough was measured to tell. */
  readonly reached: boolean | null
  readonly perSecondByRound: readonly number[]
}

/** A run in figures. */
export interface Summary {
  readonly scenarios: readonly Figures[]
  readonly memory: {
    readonly peakBytes: number | null
    readonly mostBytes: number
    readonly reached: boolean | null
  }
}

/** Fewer statements than one in two hundred operations are those of a job beside them, not of the operation. */
const negligibleStatements = 0.005

/** Computes the figures. */
export const summarise = (results: Results): Summary => {
  const { peakMemoryBytes: peakBytes } = results
  return {
    scenarios: scenarioNames
      .filter((name) => results.rounds.some((round) => round.has(name)))
      .map((name) => figuresOf(name, results)),
    memory: {
      peakBytes,
      mostBytes: mostMemoryBytes,
      reached: peakBytes === null ? null : peakBytes <= mostMemoryBytes,
    },
  }
}

const figuresOf = (scenario: ScenarioName, { rounds }: Results): Figures => {
  const measured = rounds.flatMap((round) => round.get(scenario) ?? [])
  const medianOf = (pick: (measurement: Measurement) => number | null): number | null =>
    median(measured.map(pick))
  /** Of each round, so that what disturbs the machine for a while disturbs both sides. */
  const ratioTo = (other: ScenarioName): number | null =>
    median(rounds.map((round) => quotient(round.get(scenario), round.get(other))))
  const { goal } = scenarios[scenario]
  const ratio = goal === null ? null : ratioTo(goal.comparedWith)
  const statementsEach = medianOf((measurement) => measurement.statementsEach)
  return {
    scenario,
    perSecond: medianOf((measurement) => measurement.perSecond) ?? 0,
    p50Milliseconds: medianOf((measurement) => measurement.p50Milliseconds) ?? 0,
    p99Milliseconds: medianOf((measurement) => measurement.p99Milliseconds) ?? 0,
    statementsEach,
    cpu: {
      server: medianOf(({ cpu }) => cpu.server),
      client: medianOf(({ cpu }) => cpu.client),
      postgres: medianOf(({ cpu }) => cpu.postgres),
    },
    ratioToBaseline: ratioTo('baseline'),
    goal,
    ratio,
    reached: goal === null || ratio === null ? null : isReached(goal, ratio, statementsEach),
    perSecondByRound: measured.map(({ perSecond }) => perSecond),
  }
}

const isReached = (goal: Goal, ratio: number, statementsEach: number | null): boolean =>
  ratio >= goal.leastRatio &&
  (goal.mostStatements === null ||
    (statementsEach !== null && statementsEach < goal.mostStatements + negligibleStatements))

const quotient = (one: Measurement | undefined, other: Measurement | undefined): number | null =>
  one === undefined || other === undefined || other.perSecond === 0 ? null : one.perSecond / other.perSecond

/** The middle value, or the mean of the two; null when any is missing. */
const median = (values: readonly (number | null)[]): number | null => {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b)
  if (sorted.length === 0 || sorted.length < values.length) return null
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ]
  return low === undefined || high === undefined ? null : (low + high) / 2
}
