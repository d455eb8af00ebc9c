// The command line of the benchmark.
import { parseArgs } from 'node:util'
import { type ScenarioName, scenarioNames } from './scenario.js'

/** The parsed options. */
export interface Options {
  readonly rounds: number
  /** Length of one scenario in one round. */
  readonly seconds: number
  readonly connections: number
  /** Mails, jobs or deliveries of one batch. */
  readonly batch: number
  /** Requests of one round of `latency`. */
  readonly requests: number
  /** Known addresses of `timing`, and as many unknown ones. */
  readonly addresses: number
  readonly only: readonly ScenarioName[]
  readonly json: boolean
  /** Folder for the CPU profiles of the servers, or null for none. */
  readonly profile: string | null
  /** File for the log of the first server, the others' beside it; or null for /dev/null. */
  readonly log: string | null
}

/** The command line is wrong; the message says what to write instead. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
}

/** The names, in lines that fit beside the flags. */
const listed = scenarioNames.join(', ').replace(/(.{40,70},) /g, `$1\n${' '.repeat(20)}`)

/** What `--help` prints. */
export const help = `Measures Idem: its own server and load client, on cores of their own, interleaved in rounds.

usage: npm run -s bench -- [options]

  --rounds N        measured rounds; each runs every scenario in turn (5); one more warms up
  --seconds S       length of one scenario in one round (2)
  --connections N   clients at once, each waiting for its answer (50)
  --batch N         mails, jobs or deliveries of one batch (1000)
  --requests N      requests for a mail in one round of latency (100)
  --addresses N     known addresses of timing, and as many unknown ones (500)
  --only A,B        only these of ${listed}
  --profile FOLDER  writes a CPU profile of each server there (open it in Chrome's DevTools)
  --log FILE        keeps the log of the server, those of others in FILE.NAME (otherwise /dev/null)
  --json            one JSON document instead of the table
  --help            this text

examples:
  npm run bench
  npm run -s bench -- --json > result.json
  npm run -s bench -- --only baseline,login --rounds 1 --seconds 10 --profile profile
  npm run -s bench -- --only nodemailer,mails-postgres,mails-redis --batch 5000
  npm run -s bench -- --only webhooks,webhooks-hanging --rounds 3
  npm run -s bench -- --only timing,timing-both --addresses 2000

Scenarios on Redis need redis-server or valkey-server on the PATH, and are left out without it.
Exits with 0 also where a goal is not reached, with 1 when a request is refused, with 2 for a wrong option.
`

const flags = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '2' },
  connections: { type: 'string', default: '50' },
  batch: { type: 'string', default: '1000' },
  requests: { type: 'string', default: '100' },
  addresses: { type: 'string', default: '500' },
  only: { type: 'string', default: scenarioNames.join(',') },
  profile: { type: 'string' },
  log: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const parseFlags = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values
  } catch (error) {
    throw new UsageProblem(error instanceof Error ? error.message : String(error))
  }
}

const atLeast = (flag: string, raw: string, { least, whole }: { least: number; whole: boolean }): number => {
  const value = Number(raw)
  if (Number.isNaN(value) || value < least || (whole && !Number.isInteger(value)))
    throw new UsageProblem(`--${flag} takes a ${whole ? 'whole ' : ''}number from ${least} on, not "${raw}".`)
  return value
}

const isScenarioName = (name: string): name is ScenarioName =>
  scenarioNames.some((candidate) => candidate === name)

const parseNames = (raw: string): ScenarioName[] => {
  const names = raw.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !isScenarioName(name))
  if (unknown.length > 0)
    throw new UsageProblem(`No such scenario: ${unknown.join(', ')}. There are ${scenarioNames.join(', ')}.`)
  return scenarioNames.filter((name) => names.includes(name))
}

/** The options of a command line, or `help`. Throws `UsageProblem`. */
export const readOptions = (args: readonly string[]): Options | 'help' => {
  const values = parseFlags(args)
  if (values.help) return 'help'
  return {
    rounds: atLeast('rounds', values.rounds, { least: 1, whole: true }),
    seconds: atLeast('seconds', values.seconds, { least: 0.1, whole: false }),
    connections: atLeast('connections', values.connections, { least: 1, whole: true }),
    batch: atLeast('batch', values.batch, { least: 1, whole: true }),
    requests: atLeast('requests', values.requests, { least: 1, whole: true }),
    // The tests of two samples are approximations that hold from about 20 on.
    addresses: atLeast('addresses', values.addresses, { least: 20, whole: true }),
    only: parseNames(values.only),
    json: values.json,
    profile: values.profile ?? null,
    log: values.log ?? null,
  }
}
