// Prepares a new password for an account: reads it, refuses a guessable one, hashes it.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'
import type { Random } from '../runtime/random.js'
import { checkNewPassword } from './check-new-password.js'
import type { CommonPasswords } from './common-passwords.js'
import { contextWords } from './context-words.js'
import { readNewPassword } from './password.js'
import type { PasswordHasher } from './password-hasher.js'
import type { PasswordCredential } from './passwords.js'

/** What `preparePassword` works with. */
export interface PreparePasswordNeeds {
  readonly identities: Identities
  readonly commonPasswords: CommonPasswords
  readonly passwordHasher: PasswordHasher
  readonly random: Random
  /** The host of this installation. */
  readonly domain: string
}

/** A new password for an account, as it was typed, and the field that a refusal names. */
export interface NewPassword {
  readonly raw: string
  readonly field: string
  readonly account: Pick<Account, 'id' | 'handle'>
}

/**
 * The credential for `storePassword`. To be called outside of transactions, because it waits for its turn to hash.
 * `BAD_USER_INPUT` for a password that is too short, too long or guessable, `UNAVAILABLE` if too many wait.
 */
export const preparePassword = async (
  call: Call,
  { raw, field, account }: NewPassword,
  needs: PreparePasswordNeeds,
): Promise<PasswordCredential> => {
  const password = readNewPassword(raw, field)
  const addresses = await needs.identities.listAddresses(call, account.id)
  const words = contextWords({
    handle: account.handle,
    addresses: addresses.map(({ subject }) => subject),
    domain: needs.domain,
  })
  await checkNewPassword(password, { field, words, commonPasswords: needs.commonPasswords })
  const hash = await needs.passwordHasher.inTurn(
    call.source.network,
    async (hashing) => await hashing.hash(password),
  )
  return { hash, version: needs.random.uuid() }
}
