// The only place of the SDK that reads the time.

/** Tells the time; tests hand in their own. */
export type Clock = () => Date

/** The machine's time. */
export const systemClock: Clock = () => new Date()
