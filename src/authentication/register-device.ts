// Registers a device: a key that signed the challenge may from then on sign resets of the account's password.
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import type { AuditedAct } from '../audit/audit-log.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { Device } from '../devices/device.js'
import type { Devices } from '../devices/devices.js'
import { Failure } from '../failure.js'
import { keyMethodName } from '../methods/key/method.js'
import type { Sessions } from '../sessions/sessions.js'
import { parseShownText } from '../text/shown-text.js'
import { type VerifyProofNeeds, verifyProof } from './verify-proof.js'

/** What `registerDevice` works with. */
export interface RegisterDeviceNeeds extends VerifyProofNeeds, AnnounceActNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly devices: Devices
}

/** The signature of the new device over its challenge, and the owner's label for it. */
export interface DeviceRegistration {
  readonly challengeId: string
  readonly signature: string
  readonly label: string | null
}

/** The new device. `CONFLICT` if the account has this key, or has no room for another device. */
export const registerDevice = async (
  call: Call,
  registration: DeviceRegistration,
  needs: RegisterDeviceNeeds,
): Promise<Device> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  const label = parseShownText(registration.label, 'label')
  // 1 count the attempt, 2 verify the proof: a challenge for this purpose and session, signed by the key that it names
  const { challengeId, signature } = registration
  const proof = { [keyMethodName]: { signature } }
  const verified = await verifyProof(call, { challengeId, proof, purpose: 'REGISTER_DEVICE' }, needs)
  if (verified.kind !== 'identity')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor is no device' })
  // 3 in one transaction: spend the challenge, insert the device, audit
  return await call.inTransaction(async (inner) => {
    // Locked, so that concurrent calls cannot pass the limit, and that an ended session adds nothing.
    const owner = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    // Checked again under the lock, because the level may have risen since the guard.
    requireStepUp(principal, { acr: owner.level, maxAgeSeconds: stepUpMaxAgeSeconds }, inner.now)
    if (owner.kind === 'ANONYMOUS')
      throw new Failure('CONFLICT', 'A guest has no password to reset. Link a key or an address first.')
    const id = needs.random.uuid()
    const publicKey = verified.proven.subject
    const device: Device = { id, account: accountId, publicKey, label, createdAt: inner.now }
    const act: AuditedAct = {
      action: 'device.registered',
      accountId,
      detail: { deviceId: id, publicKey, label },
    }
    // The challenge is spent first: of concurrent answers of one challenge all others learn that it was used.
    await inner.write(...verified.writes)
    await needs.devices.refuseSurplus(inner, accountId)
    await inner.write(needs.devices.row(device), ...announceAct(inner, act, needs))
    return device
  })
}
