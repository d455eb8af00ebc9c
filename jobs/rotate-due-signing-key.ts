// Rotates the signing key if the newest one is due for a successor.

import type { Call } from '../src/database/call.js'
import type { Logger } from '../src/runtime/logger.js'
import { type RotateSigningKeyNeeds, rotateSigningKey } from '../src/signing-keys/rotate-signing-key.js'

/** What `rotateDueSigningKey` works with. */
export interface RotateDueSigningKeyNeeds extends RotateSigningKeyNeeds {
  readonly logger: Logger
  /** Age at which the newest key gets a successor, in days; 0: only by command. */
  readonly signingKeyDays: number
}

const dayMilliseconds = 24 * 3_600_000

/** Adds a key if the newest is due; true if it did. Two concurrent runs may add one key too many, which is harmless. */
export const rotateDueSigningKey = async (call: Call, needs: RotateDueSigningKeyNeeds): Promise<boolean> => {
  const { signingKeys, signingKeyDays, logger } = needs
  const madeAt = await signingKeys.newestMadeAt(call)
  const ageDays = madeAt === null ? 0 : (call.now.getTime() - madeAt.getTime()) / dayMilliseconds
  const isDue = signingKeyDays > 0 && ageDays >= signingKeyDays
  if (!isDue) {
    logger.info({ ageDays: Math.floor(ageDays) }, 'the signing key is young enough')
    return false
  }
  // The removal of old keys must be decided on current data, not on this process's last read.
  await signingKeys.read()
  const { added, removed } = await rotateSigningKey(call, 'routine', needs)
  logger.info({ added: added.kid, signsFrom: added.signsFrom, removed }, 'rotated the signing key')
  return true
}
