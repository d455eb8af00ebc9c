// The keys that first logins by mail made for this machine, as the config keeps them.

import type { EmailKey, ServerEntry } from './config.js'

/** One spelling of an address for looking it up here; the server parses it strictly. */
export const foldAddress = (address: string): string => address.trim().toLowerCase()

/** The key that signs in for the address without a mail, or null. */
export const emailKeyOf = ({ emailKeys }: ServerEntry, address: string): EmailKey | null =>
  emailKeys.find((key) => key.address === foldAddress(address)) ?? null

/** The keys with this one in the place of the address's former one. */
export const withEmailKey = ({ emailKeys }: ServerEntry, key: EmailKey): readonly EmailKey[] => [
  ...emailKeys.filter(({ address }) => address !== key.address),
  key,
]

/** The keys without the one that has this public half. */
export const withoutEmailKey = ({ emailKeys }: ServerEntry, publicKey: string): readonly EmailKey[] =>
  emailKeys.filter((key) => key.publicKey !== publicKey)
