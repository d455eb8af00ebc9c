// The keys of an account as the command line shows them.

import type { Account } from '../client/account.js'
import { methodNames } from '../client/method-names.js'
import { CliError } from './cli-error.js'
import { type Login, publicKeyOf } from './config.js'
import { readPublicKey } from './public-key.js'

/** A key that opens the account. */
export interface KeychainKey {
  readonly id: string
  readonly label: string | null
  readonly publicKey: string
  readonly createdAt: string
  /** Whether it is the key of this machine's login. */
  readonly isOwn: boolean
}

/** The account's keys among its identities. */
export const keysOf = (account: Account, login: Login | null): readonly KeychainKey[] =>
  account.identities
    .filter(({ method }) => method === methodNames.key)
    .map(({ id, label, subject, createdAt }) => ({
      id,
      label,
      publicKey: subject,
      createdAt,
      isOwn: publicKeyOf(login) === subject,
    }))

/** The key with this id, public key (in any spelling) or label. `NO_SUCH_KEY` if there is not exactly one. */
export const findKey = (keys: readonly KeychainKey[], word: string): KeychainKey => {
  const { publicKey, because } = readPublicKey(word)
  const byKey = keys.filter((key) => key.id === word || key.publicKey === publicKey)
  const named = byKey.length > 0 ? byKey : keys.filter(({ label }) => label === word)
  const [key, ...others] = named
  if (key === undefined) {
    const named = because === null ? '' : `: ${because.replace(/\.$/, '')}`
    throw noSuchKey(`This account has no such key${named}`, 'See: idem keys list')
  }
  if (others.length > 0) throw noSuchKey('Several keys have this label', 'Name it by its id: idem keys list')
  return key
}

const noSuchKey = (message: string, next: string): CliError =>
  new CliError('NO_SUCH_KEY', `${message}.`, next)
