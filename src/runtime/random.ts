// The only place that makes randomness.
import { randomBytes, randomUUIDv7 } from 'node:crypto'

/** Makes randomness; a test may replace it. */
export interface Random {
  /** A UUIDv7 (RFC 9562 5.7): ids sort by the time of their making. */
  uuid(): string
  /** `length` bytes of a cryptographic generator. */
  bytes(length: number): Buffer
}

/** The generator of the operating system. */
export const systemRandom: Random = { uuid: () => randomUUIDv7(), bytes: (length) => randomBytes(length) }
