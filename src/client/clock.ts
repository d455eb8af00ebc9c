// The only file of the SDK that reads the time.

/** A source of the current time; tests pass their own. */
export type Clock = () => Date

/** The machine's time. */
export const systemClock: Clock = () => new Date()
