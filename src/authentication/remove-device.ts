// Removes a device: its signature no longer confirms a reset of the password.
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type AnnounceActNeeds, announceAct } from '../audit/announce-act.js'
import { requireSession, requireStepUp, stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { Call } from '../database/call.js'
import type { Devices } from '../devices/devices.js'
import { Failure } from '../failure.js'
import type { Sessions } from '../sessions/sessions.js'

/** What `removeDevice` works with. */
export interface RemoveDeviceNeeds extends AnnounceActNeeds {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly devices: Devices
}

/** The account without the device. `NOT_FOUND` if the device is not the caller's. */
export const removeDevice = async (call: Call, id: string, needs: RemoveDeviceNeeds): Promise<Account> => {
  const principal = requireSession(call.principal)
  const { accountId, sessionId } = principal
  return await call.inTransaction(async (inner) => {
    const owner = await needs.accounts.lock(inner, accountId)
    await needs.sessions.lockLive(inner, sessionId)
    // Checked again under the lock, because the level may have risen since the guard.
    requireStepUp(principal, { acr: owner.level, maxAgeSeconds: stepUpMaxAgeSeconds }, inner.now)
    const device = (await needs.devices.listOf(inner, accountId)).find((candidate) => candidate.id === id)
    if (device === undefined)
      throw new Failure('NOT_FOUND', 'No such device.', { reason: 'no device of the account' })
    await needs.devices.remove(inner, id)
    const { publicKey, label } = device
    const detail = { deviceId: id, publicKey, label }
    await inner.write(...announceAct(inner, { action: 'device.removed', accountId, detail }, needs))
    return owner
  })
}
