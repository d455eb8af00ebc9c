// The keys in the config by which this machine is a device of an account.

import type { DeviceKey, ServerEntry } from './config.js'
import { foldAddress } from './email-keys.js'

/** The key for an account, or null. */
export const deviceKeyOf = ({ deviceKeys }: ServerEntry, accountId: string): DeviceKey | null =>
  deviceKeys.find((key) => key.accountId === accountId) ?? null

/**
 * The key for the account with an address: one that knows the address, else the only one, because addresses may have
 * been linked since. Null if there is none.
 */
export const deviceKeyFor = ({ deviceKeys }: ServerEntry, address: string): DeviceKey | null => {
  const knowing = deviceKeys.filter(({ addresses }) => addresses.includes(foldAddress(address)))
  const [key, ...others] = knowing.length > 0 ? knowing : deviceKeys
  return key === undefined || others.length > 0 ? null : key
}

/** The keys with this one, which replaces an older one of the account. */
export const withDeviceKey = ({ deviceKeys }: ServerEntry, key: DeviceKey): readonly DeviceKey[] => [
  ...deviceKeys.filter(({ accountId }) => accountId !== key.accountId),
  key,
]

/** The keys without the one with this public key. */
export const withoutDeviceKey = ({ deviceKeys }: ServerEntry, publicKey: string): readonly DeviceKey[] =>
  deviceKeys.filter((key) => key.publicKey !== publicKey)
