// A pace: so many a window, counted in one moment that stands in the row of what is limited (GCRA, ITU-T I.371 Annex A).

/** How often something may be done. */
export interface PaceRule {
  readonly windowSeconds: number
  /** So many at once after a rest, and so many a window in the long run. */
  readonly perWindow: number
}

/**
 * A pace without a counter: each time moves a moment, `pacedUntil`, on by its share of the window, from now where it lies
 * in the past. Refused is what would move it further ahead than a window. So the limit costs no statement where the row
 * changes anyway.
 */
export class Pace {
  readonly #windowMilliseconds: number
  /** The share of the window that each time takes, in milliseconds. */
  readonly shareMilliseconds: number

  constructor({ windowSeconds, perWindow }: PaceRule) {
    this.#windowMilliseconds = windowSeconds * 1000
    this.shareMilliseconds = this.#windowMilliseconds / perWindow
  }

  /** What `pacedUntil` may be at most for one more time at `now`. */
  latest(now: Date): Date {
    return new Date(now.getTime() + this.#windowMilliseconds - this.shareMilliseconds)
  }

  /** After how many seconds one more time is allowed again; 0 when it is allowed at `now`. */
  waitSeconds(pacedUntil: Date | null, now: Date): number {
    const waitMilliseconds = (pacedUntil?.getTime() ?? 0) - this.latest(now).getTime()
    return Math.max(0, Math.ceil(waitMilliseconds / 1000))
  }
}
