// Rotates the signing key when the newest one has served its time.

import type { Call } from '../src/database/call.js'
import type { Logger } from '../src/runtime/logger.js'
import { type RotateSigningKeyNeeds, rotateSigningKey } from '../src/signing-keys/rotate-signing-key.js'

/** What `rotateDueSigningKey` works with. */
export interface RotateDueSigningKeyNeeds extends RotateSigningKeyNeeds {
  readonly logger: Logger
  /** Age at which the newest key gets a successor, in days; 0: never by itself. */
  readonly signingKeyDays: number
}

const dayMilliseconds = 24 * 3_600_000

/** Adds a key unless the newest is young enough; true when it did. Run twice at once, at worst it adds one too many. */
export const rotateDueSigningKey = async (call: Call, needs: RotateDueSigningKeyNeeds): Promise<boolean> => {
  const { signingKeys, signingKeyDays, logger } = needs
  const madeAt = await signingKeys.newestMadeAt(call)
  const ageDays = madeAt === null ? 0 : (call.now.getTime() - madeAt.getTime()) / dayMilliseconds
  const isDue = signingKeyDays > 0 && ageDays >= signingKeyDays
  if (!isDue) {
    logger.info({ ageDays: Math.floor(ageDays) }, 'the signing key is young enough')
    return false
  }
  // As they are now, not as this process last heard: what is removed must verify nothing.
  await signingKeys.read()
  const { added, removed } = await rotateSigningKey(call, 'routine', needs)
  logger.info({ added: added.kid, signsFrom: added.signsFrom, removed }, 'rotated the signing key')
  return true
}
