// Secret: a value that must not be printed, compared in constant time.
import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

const printed = '[secret]'

/** A secret text. It prints as `[secret]` wherever it ends up: in a template, JSON, a log or the console. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one place that needs it. */
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

/** Compares two byte strings in a time that depends on their length alone. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right)
