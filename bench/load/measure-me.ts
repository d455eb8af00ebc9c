// Measures `{ me }` of one client that asks with pauses, while others log in by password, or alone.
import { setTimeout } from 'node:timers/promises'
import { noShares } from '../cpu-watch.js'
import { Connection } from './connection.js'
import { MailWatch } from './mail-watch.js'
import type { Measurement, MeOrder } from './order.js'
import { percentiles } from './percentiles.js'
import type { Prepare, Step } from './steps.js'

/** Pause between two requests: not a multiple of any timer's interval. In milliseconds. */
const [leastPauseMilliseconds, pauseSpreadMilliseconds] = [3, 7]

/** The steps of both kinds of clients. */
export interface MeSteps {
  readonly me: Prepare
  readonly password: Prepare
}

/** Runs the order. Throws `Refused` as soon as one request is refused. */
export const measureMe = async (order: MeOrder, steps: MeSteps): Promise<Measurement> => {
  const { port, seconds, logins } = order
  const mails = await MailWatch.open(order.watchPort)
  const connections = await Promise.all(
    Array.from({ length: logins + 1 }, async () => await Connection.open(port)),
  )
  try {
    const [askMe, ...logIns] = await Promise.all(
      connections.map(async (connection, client) => {
        const prepare = client === 0 ? steps.me : steps.password
        return await prepare({ connection, port, client: client - 1, mails })
      }),
    )
    if (askMe === undefined) throw new Error('nobody asks')
    const endsAt = performance.now() + seconds * 1000
    const others = logIns.map(async (logIn) => await repeatUntil(endsAt, logIn))
    const latencies: number[] = []
    while (performance.now() < endsAt) {
      await setTimeout(leastPauseMilliseconds + Math.random() * pauseSpreadMilliseconds)
      const startedAt = performance.now()
      await askMe()
      latencies.push(performance.now() - startedAt)
    }
    await Promise.all(others)
    const none = { perSecond: null, statementsEach: null, cpu: noShares }
    return { operations: latencies.length, ...percentiles(latencies), ...none }
  } finally {
    for (const connection of connections) connection.close()
    mails.close()
  }
}

const repeatUntil = async (endsAt: number, step: Step): Promise<void> => {
  while (performance.now() < endsAt) await step()
}
