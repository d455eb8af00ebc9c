// Registers this machine as a device of the account, so that it can confirm a reset of the password.

import type { Account } from '../client/account.js'
import { type Device, fetchDevices, registerDevice } from '../client/devices.js'
import { methodNames } from '../client/method-names.js'
import type { Session } from '../client/session.js'
import { serverEntry, withServerEntry } from './config.js'
import { deviceKeyOf, withDeviceKey } from './device-keys.js'
import { type Connection, deviceName } from './invocation.js'
import { generatePrivateKey } from './private-key.js'
import { withStepUp } from './with-step-up.js'

/** The device, and whether it was registered just now. */
export interface OwnDevice {
  readonly device: Device
  readonly isNew: boolean
}

/** The device of this machine, which is registered if it is none yet. Its key is stored before it is registered. */
export const registerThisMachine = async (
  connection: Connection,
  session: Session,
  account: Account,
): Promise<OwnDevice> => {
  const { config, url, kept, machine } = connection
  const { id: accountId, identities } = account
  const own = deviceKeyOf(kept, accountId)
  const devices = own === null ? null : await fetchDevices(session)
  const device = devices?.find(({ publicKey }) => publicKey === own?.publicKey)
  if (device !== undefined) return { device, isNew: false }
  const { signer, pem } = generatePrivateKey()
  const addresses = identities
    .filter(({ method }) => method === methodNames.email)
    .map(({ subject }) => subject)
  const key = { accountId, addresses, publicKey: signer.publicKey, privateKey: pem }
  await config.update(async (before) =>
    withServerEntry(before, url, { deviceKeys: withDeviceKey(serverEntry(before, url), key) }),
  )
  const made = await withStepUp(connection, { session, signWith: null }, () =>
    registerDevice(session, signer, deviceName(machine)),
  )
  return { device: made, isNew: true }
}
