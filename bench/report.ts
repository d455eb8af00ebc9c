// Prints the results as a table or as one JSON document.
import { cpus } from 'node:os'
import type { Options } from './options.js'
import type { Results } from './rounds.js'
import { scenarios } from './scenario.js'
import type { Figures, Summary, Timing } from './summary.js'

/** A finished run. */
export interface Run {
  readonly options: Options
  readonly results: Results
  readonly summary: Summary
}

const none = '–'
/** Above this share of its core, the client may limit the result. */
const fullShare = 0.95
/** Fifty concurrent clients keep the server's core at least this busy unless something else uses it. */
const busyShare = 0.9

const fixed = (value: number | null, digits: number): string =>
  value === null ? none : value.toFixed(digits)
const percent = (share: number | null): string => (share === null ? none : `${Math.round(share * 100)} %`)
const megabytes = (bytes: number | null): string => (bytes === null ? none : `${Math.round(bytes / 1e6)} MB`)
const yesOrNo = (reached: boolean | null): string => (reached === null ? '' : reached ? 'yes' : 'NO')

const goalOf = ({ goal, ratio }: Figures): string => {
  if (goal === null) return ''
  if (goal.kind === 'latency') return `p95 ≤ ${goal.mostP95Milliseconds} ms`
  if (goal.kind === 'slowdown') return `p95 ≤ ${goal.mostRatio} × ${goal.comparedWith} (${fixed(ratio, 2)} ×)`
  const ofOther = goal.comparedWith === 'baseline' ? '' : ` of ${goal.comparedWith} (${fixed(ratio, 3)})`
  return `≥ ${goal.leastRatio}${ofOther}${goal.mostStatements === null ? '' : `, ${goal.mostStatements} SQL`}`
}

const heads = [
  '',
  'each',
  'per s',
  'p50 ms',
  'p95 ms',
  'p99 ms',
  'SQL',
  'server',
  'client',
  'postgres',
  'ratio',
  'goal',
  '',
]

const cells = (figures: Figures): string[] => [
  figures.scenario,
  scenarios[figures.scenario].title,
  fixed(figures.perSecond, 0),
  fixed(figures.p50Milliseconds, 2),
  fixed(figures.p95Milliseconds, 2),
  fixed(figures.p99Milliseconds, 2),
  fixed(figures.statementsEach, 2),
  percent(figures.cpu.server),
  percent(figures.cpu.client),
  percent(figures.cpu.postgres),
  fixed(figures.ratioToBaseline, 3),
  goalOf(figures),
  yesOrNo(figures.reached),
]

/** Aligns text left and numbers right. */
const isNumber = (column: number): boolean => column >= 2 && column <= 10

const layOut = (rows: readonly (readonly string[])[]): string => {
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

/** The scenarios in which the client's core, which PostgreSQL may share, was fully used. */
const crowded = ({ summary, results }: Run): string[] => {
  const shares = results.cores?.others.includes(results.cores.client) ?? true
  return summary.scenarios
    .filter(({ cpu }) => (cpu.client ?? 0) + (shares ? (cpu.postgres ?? 0) : 0) > fullShare)
    .map(({ scenario }) => scenario)
}

/** The scenarios that need no database and yet did not fill the server's core, so that something else ran there. */
const disturbed = ({ summary }: Run): string[] =>
  summary.scenarios
    .filter(
      ({ scenario, cpu, statementsEach }) =>
        scenarios[scenario].course.kind === 'load' &&
        (statementsEach ?? 0) < 1 &&
        (cpu.server ?? 1) < busyShare,
    )
    .map(({ scenario }) => scenario)

const describeCores = ({ results: { cores } }: Run): string =>
  cores === null
    ? 'nothing pinned: taskset or a second core is missing'
    : `server alone on core ${cores.server}, client on ${cores.client}, PostgreSQL on ${cores.others.join(', ')}`

/** The results of the statistical tests, and their power. */
const describeTiming = (timing: Timing): string => {
  const [known = 0, unknown = 0] = timing.medians
  const [mannWhitney, kolmogorov] = [timing.mannWhitneyP, timing.kolmogorovSmirnovP]
  const verdict = timing.differ ? 'CAN be told apart' : 'cannot be told apart'
  return [
    `${timing.scenario} (${scenarios[timing.scenario].title}): they ${verdict} at alpha ${timing.alpha};`,
    `medians ${known.toFixed(3)} and ${unknown.toFixed(3)} ms of ${timing.addresses} each,`,
    `p ${mannWhitney.toPrecision(2)} (Mann-Whitney), ${kolmogorov.toPrecision(2)} (Kolmogorov-Smirnov);`,
    `a delay of ${timing.smallestSeenMilliseconds.toFixed(3)} ms would have been seen`,
  ].join(' ')
}

const describeMemory = ({ memory }: Summary): string[] => [
  `peak memory of the server: ${megabytes(memory.peakBytes)}, goal ≤ ${megabytes(memory.mostBytes)}: ${yesOrNo(memory.reached) || none}`,
  ...(memory.passwordsPeakBytes === null
    ? []
    : [`peak memory of a server that checks passwords: ${megabytes(memory.passwordsPeakBytes)}`]),
  ...(memory.bothRolesPeakBytes === null
    ? []
    : [`peak memory of one process with both roles: ${megabytes(memory.bothRolesPeakBytes)}`]),
]

/** The table with its notes and warnings. */
export const asTable = (run: Run): string => {
  const { options, summary } = run
  const [full, slowed] = [crowded(run), disturbed(run)]
  const notes = [
    ...summary.timings.map(describeTiming),
    ...describeMemory(summary),
    `medians of ${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections; batches of ${options.batch} mails, jobs or deliveries; ratio: to the baseline of the same round`,
    `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores; ${describeCores(run)}`,
  ]
  if (summary.leftOut.length > 0)
    notes.push(`there is no redis-server here: left out ${summary.leftOut.join(', ')}`)
  if (full.length > 0)
    notes.push(`the client's core was full in ${full.join(', ')}: the server could do more`)
  if (slowed.length > 0)
    notes.push(
      `other programs ran on the server's core during ${slowed.join(', ')}: measure again when it is quiet`,
    )
  if (options.profile !== null) notes.push(`CPU profiles: ${options.profile}`)
  const table =
    summary.scenarios.length === 0 ? '' : `${layOut([heads, ...summary.scenarios.map(cells)])}\n\n`
  return `${table}${notes.join('\n')}\n`
}

/** The same as JSON; times in the unit of their names, shares of one core from 0 to 1. */
export const asJson = ({ options, results, summary }: Run): string => {
  const { rounds, seconds, connections, batch, requests, profile } = options
  const machine = { node: process.version, processor: cpus()[0]?.model ?? null, cores: results.cores }
  return `${JSON.stringify({ machine, rounds, seconds, connections, batch, requests, profile, ...summary }, null, 2)}\n`
}
