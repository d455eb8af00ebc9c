// Asks a server for mails to known and to unknown addresses, and compares how long the answers took.

import { newAddress } from '../load/email.js'
import type { TimingOrder, TimingSamples } from '../load/order.js'
import { withTables } from '../tables.js'
import { appendAccounts } from './append-accounts.js'
import { type Comparison, compareSamples, differ, smallestSeenShift } from './two-samples.js'

/** How sure a test must be before it says that two samples differ. */
export const alpha = 0.01

/** Requests that compile what is hot and open connections, for each address that is measured. */
const warmUpShare = 0.5

/** What came of one comparison. Times in milliseconds. */
export interface TimingResult extends Comparison {
  /** Of each kind. */
  readonly addresses: number
  /** True when a test tells known from unknown addresses. */
  readonly differ: boolean
  /** The smallest delay of the one kind that the tests would have found. */
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

/** Runs the comparison: every address is asked for once, by one connection. */
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
