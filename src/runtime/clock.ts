// The only file that reads the system's time.

/** A source of the current time; a test can move it. */
export interface Clock {
  now(): Date
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => new Date() }
