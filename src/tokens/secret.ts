// Secret: a value that is never printed and is compared in constant time.
import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

const printed = '[secret]'

/** A secret text. It prints as `[secret]` in templates, JSON, logs and the console. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return printed
  }

  toJSON(): string {
    return printed
  }

  [inspect.custom](): string {
    return printed
  }
}

/** Compares two byte strings in a time that depends only on their length. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)
