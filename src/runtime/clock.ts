// The only place that reads the time.

/** Tells the time; a test moves it. */
export interface Clock {
  now(): Date
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() }
