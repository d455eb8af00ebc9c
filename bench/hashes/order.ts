// The messages between the benchmark and its hasher.
import type { Measurement } from '../load/order.js'

/** Argon2id alone, for a time. */
export interface HashesOrder {
  readonly seconds: number
}

/** The hasher's answer to an order. */
export type HashesReply =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly reason: string }
