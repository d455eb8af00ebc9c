// Requests mails to known and unknown addresses from a server, and compares the response times.

import { newAddress } from '../load/email.js'
import type { TimingOrder, TimingSamples } from '../load/order.js'
import { withTables } from '../tables.js'
import { appendAccounts } from './append-accounts.js'
import { type Comparison, compareSamples, differ, smallestSeenShift } from './two-samples.js'

/** Significance level of the tests. */
export const alpha = 0.01

/** Warm-up requests per measured address. */
const warmUpShare = 0.5

/** The result of one comparison. Times in milliseconds. */
export interface TimingResult extends Comparison {
  /** Of each kind. */
  readonly addresses: number
  /** True if a test distinguishes known from unknown addresses. */
  readonly differ: boolean
  /** The smallest delay of one of the two that the tests would have detected. */
  readonly smallestSeenMilliseconds: number
}

/** What is needed to ask. */
export interface TimedServer {
  readonly port: number
  readonly databaseUrl: string
  /** Of each kind. */
  readonly addresses: number
  readonly run: (order: TimingOrder) => Promise<TimingSamples>
}

/** Runs the comparison: one request per address, on one connection. */
export const timeRequests = async ({
  port,
  databaseUrl,
  addresses,
  run,
}: TimedServer): Promise<TimingResult> => {
  const newAddresses = (count: number): string[] => Array.from({ length: count }, newAddress)
  const [known, unknown] = [newAddresses(addresses), newAddresses(addresses)]
  const warmKnown = newAddresses(Math.ceil((addresses * warmUpShare) / 2))
  await withTables(databaseUrl, async (tables) => await appendAccounts(tables, [...known, ...warmKnown]))
  const warmUp = warmKnown.flatMap((address) => [address, newAddress()])
  const samples = await run({ kind: 'timing', port, warmUp, known, unknown })
  const comparison = compareSamples(samples.known, samples.unknown)
  return {
    addresses,
    ...comparison,
    differ: differ(comparison, alpha),
    smallestSeenMilliseconds: smallestSeenShift(samples.known, samples.unknown, alpha),
  }
}
