// Rotates the signing key: adds one that signs after a lead time, or replaces all at once after a leak.
import type { AuditedAct, AuditLog } from '../audit/audit-log.js'
import type { Call } from '../database/call.js'
import type { AddedKey, SigningKeys } from '../tokens/signing-keys.js'

/** What rotation works with. */
export interface RotateSigningKeyNeeds {
  readonly signingKeys: SigningKeys
  readonly auditLog: AuditLog
  /** How long a key is published before it signs, in seconds. */
  readonly leadSeconds: number
}

/** `routine`: older keys verify until their tokens have expired. `compromised`: they and their tokens are dropped at once. */
export type RotationCause = 'routine' | 'compromised'

/** Adds a signing key and returns it with the ids of the removed ones. */
export const rotateSigningKey = async (
  call: Call,
  cause: RotationCause,
  needs: RotateSigningKeyNeeds,
): Promise<{ readonly added: AddedKey; readonly removed: readonly string[] }> =>
  await call.inTransaction(async (inner) => {
    const added = await needs.signingKeys.add(inner, cause === 'compromised' ? 0 : needs.leadSeconds)
    const removed =
      cause === 'compromised'
        ? await needs.signingKeys.removeOthers(inner, added.kid)
        : await needs.signingKeys.removeOutlived(inner)
    const acts: AuditedAct[] = [
      { action: 'signing_key.added', accountId: null, detail: { kid: added.kid, cause } },
      ...removed.map(
        (kid): AuditedAct => ({ action: 'signing_key.removed', accountId: null, detail: { kid, cause } }),
      ),
    ]
    await inner.write(...acts.map((act) => needs.auditLog.row(inner, act)))
    return { added, removed }
  })
