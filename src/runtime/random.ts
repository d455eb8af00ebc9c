// The only file that generates random values.
import { randomBytes, randomUUIDv7 } from 'node:crypto'

/** A source of random values; a test may replace it. */
export interface Random {
  /** A UUIDv7 (RFC 9562 5.7): ids sort by their time of creation. */
  uuid(): string
  /** `length` bytes from a cryptographic generator. */
  bytes(length: number): Buffer
}

/** The generator of the operating system. */
export const systemRandom: Random = { uuid: () => randomUUIDv7(), bytes: (length) => randomBytes(length) }
