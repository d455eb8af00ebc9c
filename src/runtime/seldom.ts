// Log lines about what may happen hundreds of times in a second.

/** Least time between two lines, in milliseconds. */
const quietMilliseconds = 10_000

/** Lets the first of many occurrences be logged, and then one in ten seconds. */
export class Seldom {
  #toldAt = Number.NEGATIVE_INFINITY
  #untold = 0

  /** Notes an occurrence. The number of those since the last line, with this one; null if it is too early for another. */
  next(): number | null {
    this.#untold += 1
    const now = performance.now()
    if (now - this.#toldAt < quietMilliseconds) return null
    const count = this.#untold
    this.#toldAt = now
    this.#untold = 0
    return count
  }
}
