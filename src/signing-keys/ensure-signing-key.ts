// Makes the first signing key of an installation.
import type { Call } from '../database/call.js'
import type { RotateSigningKeyNeeds } from './rotate-signing-key.js'

/** Makes a key if there is none. If several processes call it at the same time, one makes it. */
export const ensureSigningKey = async (
  call: Call,
  needs: Omit<RotateSigningKeyNeeds, 'leadSeconds'>,
): Promise<void> => {
  await call.inTransaction(async (inner) => {
    if (await needs.signingKeys.lockAny(inner)) return
    const { kid } = await needs.signingKeys.add(inner, 0)
    await needs.auditLog.append(inner, {
      action: 'signing_key.added',
      accountId: null,
      detail: { kid, cause: 'first' },
    })
  })
  await needs.signingKeys.read()
}
