// What of a value may be logged: everything but errors and other thrown values, of which only the outline may.
import { outlineOf } from './error-outline.js'

/** Deeper values are left out, so that a circular one ends. Our own lines have two levels. */
const deepest = 6

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** What was thrown is logged under this name. It need not be an error. */
const nameOfThrown = 'err'

/** The same value with an outline in the place of each error, and without what is nested too deeply. */
export const loggableOf = (value: unknown, depth = 0): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return outlineOf(value)
  if (depth >= deepest) return '[deep]'
  if (Array.isArray(value)) return value.map((item) => loggableOf(item, depth + 1))
  // Objects of classes, such as dates and secrets, know how they are printed.
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === nameOfThrown && inner !== undefined ? outlineOf(inner) : loggableOf(inner, depth + 1),
    ]),
  )
}
