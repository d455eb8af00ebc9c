// Measures the time from the request for a mail to its arrival at the SMTP server, on an otherwise idle service.
import { setTimeout } from 'node:timers/promises'
import { noShares } from '../cpu-watch.js'
import { Connection } from './connection.js'
import { askForMail, newAddress } from './email.js'
import { MailWatch } from './mail-watch.js'
import type { LatencyOrder, Measurement } from './order.js'
import { percentiles } from './percentiles.js'

/**
 * Pause between two requests: long enough to be idle again, and not a multiple of any timer's interval. In
 * milliseconds.
 */
const [leastPauseMilliseconds, pauseSpreadMilliseconds] = [40, 60]

/** Runs the order. Throws `Refused` as soon as a request is refused or a mail does not arrive. */
export const measureLatency = async ({ port, watchPort, requests }: LatencyOrder): Promise<Measurement> => {
  const mails = await MailWatch.open(watchPort)
  const connection = await Connection.open(port)
  try {
    const latencies: number[] = []
    for (let request = 0; request < requests; request++) {
      await setTimeout(leastPauseMilliseconds + Math.random() * pauseSpreadMilliseconds)
      const startedAt = performance.now()
      await askForMail(connection, { address: newAddress(), mails })
      latencies.push(performance.now() - startedAt)
    }
    const none = { perSecond: null, statementsEach: null, cpu: noShares }
    return { operations: requests, ...percentiles(latencies), ...none }
  } finally {
    connection.close()
    mails.close()
  }
}
