// Lines of BullMQ for the console in whose place Idem has lines of its own.

/** True for a line that Idem itself says, once and with what to do: see queue/check-redis. */
export const isReplacedLine = (line: string): boolean => line.startsWith('IMPORTANT! Eviction policy is ')
