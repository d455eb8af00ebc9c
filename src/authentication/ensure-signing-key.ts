// Makes the first signing key of an installation.
import type { Call } from '../database/call.js'
import type { RotateSigningKeyRooms } from './rotate-signing-key.js'

/** Sees to it that there is a key. Several processes may do so at once: one makes it. */
export const ensureSigningKey = async (
  call: Call,
  rooms: Omit<RotateSigningKeyRooms, 'leadSeconds'>,
): Promise<void> => {
  await call.inTransaction(async (inner) => {
    if (await rooms.signingKeys.lockAny(inner)) return
    const { kid } = await rooms.signingKeys.add(inner, 0)
    await rooms.auditLog.append(inner, {
      action: 'signing_key.added',
      accountId: null,
      detail: { kid, cause: 'first' },
    })
  })
  await rooms.signingKeys.read()
}
