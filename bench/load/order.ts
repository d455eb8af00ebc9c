// The messages between the benchmark and its load client.
import type { CpuShares, Watched } from '../cpu-watch.js'
import type { ScenarioName } from '../scenario.js'

/** A load on a server of this machine. */
export type Order = LoadOrder | LatencyOrder | TimingOrder | MeOrder

/** One scenario with many concurrent clients for a time. */
export interface LoadOrder {
  readonly kind: 'load'
  readonly scenario: ScenarioName
  readonly port: number
  /** The port at which the mail sink announces accepted mails. */
  readonly watchPort: number
  readonly seconds: number
  readonly connections: number
  readonly watched: Omit<Watched, 'client'>
}

/** A number of requests for a mail, one after the other with pauses. */
export interface LatencyOrder {
  readonly kind: 'latency'
  readonly port: number
  readonly watchPort: number
  readonly requests: number
}

/** Requests for a mail to each of the addresses, in random order, after a warm-up with other addresses. */
export interface TimingOrder {
  readonly kind: 'timing'
  readonly port: number
  readonly warmUp: readonly string[]
  readonly known: readonly string[]
  readonly unknown: readonly string[]
}

/** `{ me }` of one client, while as many others log in by password. */
export interface MeOrder {
  readonly kind: 'me'
  readonly port: number
  readonly watchPort: number
  readonly seconds: number
  readonly logins: number
}

/** The result of one scenario in one round. Null: not applicable, or not reported by the system. */
export interface Measurement {
  readonly operations: number
  readonly perSecond: number | null
  readonly p50Milliseconds: number | null
  readonly p95Milliseconds: number | null
  readonly p99Milliseconds: number | null
  /** SQL statements per operation; null for a server that does not count them. */
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
