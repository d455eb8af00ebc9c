// Runs one scenario on many connections at once, and measures it.
import { cpuSeconds, familyCpuSeconds } from '../process-usage.js'
import { Connection, get } from './connection.js'
import type { CpuShares, Measurement, Order } from './order.js'
import type { Prepare, Step } from './steps.js'

/** Runs the order. Throws `Refused` as soon as one request is. */
export const measure = async (order: Order, prepare: Prepare): Promise<Measurement> => {
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => Connection.open(order.port)),
  )
  try {
    const steps = await Promise.all(connections.map(prepare))
    const statementsBefore = await readStatements(order)
    const cpuBefore = readCpu(order)
    const startedAt = performance.now()
    const latencies: number[] = []
    const endsAt = startedAt + order.seconds * 1000
    const operations = sum(await Promise.all(steps.map((step) => repeatUntil(endsAt, step, latencies))))
    const cpu = sharesSince(cpuBefore, readCpu(order), performance.now() - startedAt)
    const statementsAfter = await readStatements(order)
    latencies.sort((a, b) => a - b)
    return {
      operations,
      perSecond: latencies.length / order.seconds,
      p50Milliseconds: percentile(latencies, 0.5),
      p99Milliseconds: percentile(latencies, 0.99),
      statementsEach:
        statementsBefore === null || statementsAfter === null
          ? null
          : (statementsAfter - statementsBefore) / operations,
      cpu,
    }
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** Repeats the step and returns how often; the last one is finished late, and its latency is not kept. */
const repeatUntil = async (endsAt: number, step: Step, latencies: number[]): Promise<number> => {
  let operations = 0
  for (let startedAt = performance.now(); startedAt < endsAt; operations++) {
    await step()
    const now = performance.now()
    if (now < endsAt) latencies.push(now - startedAt)
    startedAt = now
  }
  return operations
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Of sorted values, the one that this share of them does not exceed; 0 where there is none. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(sorted.length * share) - 1] ?? 0

/** The server's own count of SQL statements; null for the bare server, which has none. */
const readStatements = async (order: Order): Promise<number | null> => {
  if (order.scenario === 'bare') return null
  const connection = await Connection.open(order.port)
  try {
    const count = /^idem_database_statements_total (\S+)$/m.exec(await get(connection, '/metrics'))?.[1]
    return count === undefined ? null : Number(count)
  } finally {
    connection.close()
  }
}

interface CpuTimes {
  readonly server: number | null
  readonly client: number
  readonly postgres: number | null
}

/** Processor times in seconds. */
const readCpu = ({ watched }: Order): CpuTimes => {
  const { user, system } = process.cpuUsage()
  return {
    server: cpuSeconds(watched.server),
    client: (user + system) / 1e6,
    postgres: watched.postgres === null ? null : familyCpuSeconds(watched.postgres),
  }
}

const sharesSince = (before: CpuTimes, after: CpuTimes, milliseconds: number): CpuShares => {
  const share = (then: number, now: number): number => ((now - then) * 1000) / milliseconds
  const shareOrNull = (then: number | null, now: number | null): number | null =>
    then === null || now === null ? null : share(then, now)
  return {
    server: shareOrNull(before.server, after.server),
    client: share(before.client, after.client),
    postgres: shareOrNull(before.postgres, after.postgres),
  }
}
