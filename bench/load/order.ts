// What the benchmark and its load client say to each other.
import type { ScenarioName } from '../scenario.js'

/** One scenario to run against a server on this machine. */
export interface Order {
  readonly scenario: ScenarioName
  readonly port: number
  readonly seconds: number
  readonly connections: number
  /** The server, and the process that PostgreSQL started from (null: none, or not known). */
  readonly watched: { readonly server: number; readonly postgres: number | null }
}

/** Shares of one core, between 0 and 1 for a process of one thread; null where the system does not say. */
export interface CpuShares {
  readonly server: number | null
  readonly client: number
  readonly postgres: number | null
}

/** What one scenario of one round gave. */
export interface Measurement {
  readonly operations: number
  readonly perSecond: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** SQL statements an operation; null for a server that does not count them. */
  readonly statementsEach: number | null
  readonly cpu: CpuShares
}

/** The load client's answer to an order. */
export type Reply =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly reason: string }
