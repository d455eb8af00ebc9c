// Stores the password of an account: its first one, or in place of another.
import type { Account } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'
import { newIdentity, passwordMethodName } from '../identities/identity.js'
import type { Random } from '../runtime/random.js'
import { type SettleLevelNeeds, settleLevel } from '../second-factors/settle-level.js'
import type { PasswordCredential, Passwords } from './passwords.js'

/** What `storePassword` works with. */
export interface StorePasswordNeeds extends SettleLevelNeeds {
  readonly identities: Identities
  readonly passwords: Passwords
  readonly random: Random
}

/** What has become of an account by its password. */
export interface PasswordStored {
  /** With its level, which a password raises. */
  readonly account: Account
  readonly identityId: string
  /** True if it had another password before. */
  readonly isChange: boolean
}

/**
 * Stores a prepared password in the caller's transaction, with the account locked. Sign-ins that are half done with a
 * former password end; which sessions end, and what is told, is the caller's part.
 */
export const storePassword = async (
  call: Call,
  { account, credential }: { readonly account: Account; readonly credential: PasswordCredential },
  needs: StorePasswordNeeds,
): Promise<PasswordStored> => {
  const owned = await needs.identities.lockOf(call, account.id)
  const former = owned.find(({ method }) => method === passwordMethodName)
  const identityId = former?.id ?? needs.random.uuid()
  if (former === undefined) {
    await needs.identities.refuseSurplus(call, account.id)
    const proven = { method: passwordMethodName, issuer: passwordMethodName, subject: account.id }
    const facts = { account: account.id, ...proven, label: null, createdAt: call.now }
    await call.write(needs.identities.row(newIdentity({ id: identityId, ...facts, credential })))
  } else await call.write(needs.passwords.replacement(identityId, credential))
  // Also for a first one, because an earlier one may have been removed while a sign-in was half done.
  await call.write(needs.passwords.spentFirstProofs(call, account.id))
  return {
    account: await settleLevel(call, account, needs),
    identityId,
    isChange: former !== undefined,
  }
}
