// The identities of an account as the command line shows and names them.

import type { Identity } from '../client/account.js'
import { methodNames } from '../client/method-names.js'
import { CliError } from './cli-error.js'
import { type Login, publicKeyOf } from './config.js'
import { foldAddress } from './email-keys.js'
import { readPublicKey } from './public-key.js'

/** Whether the login on this machine proves itself by the identity. */
export const isOfLogin = (
  { method, subject }: Pick<Identity, 'method' | 'subject'>,
  login: Login | null,
): boolean => {
  if (login === null) return false
  if (method === methodNames.key) return publicKeyOf(login) === subject
  if (method === methodNames.password) return login.method === 'password'
  if (method === methodNames.wallet)
    return login.method === 'wallet' && subject === `eip155:${login.chainId}:${login.address}`
  return method === methodNames.email && login.method === 'email' && foldAddress(login.address) === subject
}

/**
 * The identity with this id, subject (a public key in any spelling) or label, or the `password`. `NO_SUCH_IDENTITY` if
 * there is not exactly one.
 */
export const findIdentity = (identities: readonly Identity[], word: string): Identity => {
  const { publicKey } = readPublicKey(word)
  const folded = foldAddress(word)
  const exact = identities.filter(
    ({ id, method, subject }) =>
      id === word ||
      subject === word ||
      (method === methodNames.key && subject === publicKey) ||
      (method === methodNames.email && subject === folded),
  )
  const labelled = identities.filter(({ label }) => label === word)
  // An account has one password, so its method is name enough.
  const byMethod = identities.filter(({ method }) => method === methodNames.password && method === word)
  const named = [exact, labelled].find(({ length }) => length > 0) ?? byMethod
  const [identity, ...others] = named
  if (identity === undefined)
    throw noSuchIdentity('This account has no such identity', 'See: idem identities')
  if (others.length > 0)
    throw noSuchIdentity('Several identities have this name', 'Name it by its id: idem identities')
  return identity
}

const noSuchIdentity = (message: string, next: string): CliError =>
  new CliError('NO_SUCH_IDENTITY', `${message}.`, next)
