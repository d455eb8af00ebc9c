// What the benchmark and its load client say to each other.
import type { CpuShares, Watched } from '../cpu-watch.js'
import type { ScenarioName } from '../scenario.js'

/** Something to do against a server on this machine. */
export type Order = LoadOrder | LatencyOrder | TimingOrder

/** One scenario, by many clients at once, for so long. */
export interface LoadOrder {
  readonly kind: 'load'
  readonly scenario: ScenarioName
  readonly port: number
  /** Where the mail sink tells of arriving mails. */
  readonly watchPort: number
  readonly seconds: number
  readonly connections: number
  readonly watched: Omit<Watched, 'client'>
}

/** So many requests for a mail, one after the other with pauses. */
export interface LatencyOrder {
  readonly kind: 'latency'
  readonly port: number
  readonly watchPort: number
  readonly requests: number
}

/** Requests for a mail to each of the addresses, in random order, after some to others that warm up. */
export interface TimingOrder {
  readonly kind: 'timing'
  readonly port: number
  readonly warmUp: readonly string[]
  readonly known: readonly string[]
  readonly unknown: readonly string[]
}

/** What one scenario of one round gave. Null: it does not apply, or the system does not say. */
export interface Measurement {
  readonly operations: number
  readonly perSecond: number | null
  readonly p50Milliseconds: number | null
  readonly p95Milliseconds: number | null
  readonly p99Milliseconds: number | null
  /** SQL statements an operation; null for a server that does not count them. */
  readonly statementsEach: number | null
  readonly cpu: CpuShares
}

/** Response times in milliseconds. */
export interface TimingSamples {
  readonly known: readonly number[]
  readonly unknown: readonly number[]
}

/** The load client's answer to an order. */
export type Reply =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'timed'; readonly samples: TimingSamples }
  | { readonly kind: 'failed'; readonly reason: string }
