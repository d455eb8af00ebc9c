// The keys in the config that were made at first logins by mail.

import type { EmailKey, ServerEntry } from './config.js'

/** The spelling of an address for looking it up here; the server parses it strictly. */
export const foldAddress = (address: string): string => address.trim().toLowerCase()

/** The key for a login of the address without a mail, or null. */
export const emailKeyOf = ({ emailKeys }: ServerEntry, address: string): EmailKey | null =>
  emailKeys.find((key) => key.address === foldAddress(address)) ?? null

/** The keys with this one, which replaces an older one of the address. */
export const withEmailKey = ({ emailKeys }: ServerEntry, key: EmailKey): readonly EmailKey[] => [
  ...emailKeys.filter(({ address }) => address !== key.address),
  key,
]

/** The keys without the one with this public key. */
export const withoutEmailKey = ({ emailKeys }: ServerEntry, publicKey: string): readonly EmailKey[] =>
  emailKeys.filter((key) => key.publicKey !== publicKey)
