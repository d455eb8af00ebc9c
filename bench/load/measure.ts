// Runs and measures one scenario on many concurrent connections.
import { watchCpu } from '../cpu-watch.js'
import { Connection } from './connection.js'
import { MailWatch } from './mail-watch.js'
import type { LoadOrder, Measurement } from './order.js'
import { percentiles } from './percentiles.js'
import { countStatements } from './statements.js'
import type { Prepare, Step } from './steps.js'

/** Runs the order. Throws `Refused` as soon as one request is refused. */
export const measure = async (order: LoadOrder, prepare: Prepare): Promise<Measurement> => {
  const mails = await MailWatch.open(order.watchPort)
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => Connection.open(order.port)),
  )
  try {
    const steps = await Promise.all(
      connections.map((connection, client) => prepare({ connection, port: order.port, client, mails })),
    )
    const statementsBefore = await countStatementsOf(order)
    const cpuShares = watchCpu({ ...order.watched, client: process.pid })
    const latencies: number[] = []
    const endsAt = performance.now() + order.seconds * 1000
    const operations = sum(await Promise.all(steps.map((step) => repeatUntil(endsAt, step, latencies))))
    const cpu = cpuShares()
    const statementsAfter = await countStatementsOf(order)
    return {
      operations,
      perSecond: latencies.length / order.seconds,
      ...percentiles(latencies),
      statementsEach:
        statementsBefore === null || statementsAfter === null
          ? null
          : (statementsAfter - statementsBefore) / operations,
      cpu,
    }
  } finally {
    for (const connection of connections) connection.close()
    mails.close()
  }
}

/** Repeats the step and returns their number. The last one ends after the time is over; its latency is dropped. */
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

/** The bare server has no database. */
const countStatementsOf = async ({ scenario, port }: LoadOrder): Promise<number | null> =>
  scenario === 'bare' ? null : await countStatements(port)
