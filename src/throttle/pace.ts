// A pace: a rate limit whose state is one timestamp in the row that is limited (GCRA, ITU-T I.371 Annex A).

/** The limit of a pace. */
export interface PaceRule {
  readonly windowSeconds: number
  /** The number per window in the long run, and at once after a pause. */
  readonly perWindow: number
}

/**
 * A rate limit without a counter. Each use moves `pacedUntil` forward by its share of the window, starting from now if
 * it is in the past; a use that would move it further than a window ahead is refused. If the row is updated anyway, the
 * limit needs no statement of its own.
 */
export class Pace {
  readonly #windowMilliseconds: number
  /** The share of one use in the window, in milliseconds. */
  readonly shareMilliseconds: number

  constructor({ windowSeconds, perWindow }: PaceRule) {
    this.#windowMilliseconds = windowSeconds * 1000
    this.shareMilliseconds = this.#windowMilliseconds / perWindow
  }

  /** The latest `pacedUntil` at which another use is allowed at `now`. */
  latest(now: Date): Date {
    return new Date(now.getTime() + this.#windowMilliseconds - this.shareMilliseconds)
  }

  /** The seconds until another use is allowed; 0 if it is allowed at `now`. */
  waitSeconds(pacedUntil: Date | null, now: Date): number {
    const waitMilliseconds = (pacedUntil?.getTime() ?? 0) - this.latest(now).getTime()
    return Math.max(0, Math.ceil(waitMilliseconds / 1000))
  }
}
