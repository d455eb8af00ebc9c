// The deletion of an account: how long its owner can cancel it.

/** Long enough to be back from a journey, and to read the notice that tells of somebody else's doing. In days. */
export const deletionDays = 14

const dayMilliseconds = 24 * 3_600_000

/** When an account is due whose deletion begins now. */
export const deletionDueFrom = (now: Date): Date => new Date(now.getTime() + deletionDays * dayMilliseconds)
