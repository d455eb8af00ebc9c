// The keys in the config by which this machine is a device of an account.

import type { DeviceKey, ServerEntry } from './config.js'

/** The key for an account, or null. */
export const deviceKeyOf = ({ deviceKeys }: ServerEntry, accountId: string): DeviceKey | null =>
  deviceKeys.find((key) => key.accountId === accountId) ?? null

/** The keys with this one, which replaces an older one of the account. */
export const withDeviceKey = ({ deviceKeys }: ServerEntry, key: DeviceKey): readonly DeviceKey[] => [
  ...deviceKeys.filter(({ accountId }) => accountId !== key.accountId),
  key,
]

/** The keys without the one with this public key. */
export const withoutDeviceKey = ({ deviceKeys }: ServerEntry, publicKey: string): readonly DeviceKey[] =>
  deviceKeys.filter((key) => key.publicKey !== publicKey)
