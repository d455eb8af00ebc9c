// The store of passwords: identities of the method `password`, found by handle, address or account.
import type { Call } from '../database/call.js'
import type { Change } from '../database/change.js'
import type { JsonObject } from '../database/json.js'
import { Failure } from '../failure.js'
import { passwordMethodName } from '../identities/identity.js'
import { triesPace } from '../second-factors/tries-pace.js'
import type { Login } from './login.js'

/** What is kept of a password. */
export interface PasswordCredential extends JsonObject {
  /** A PHC string of Argon2id. */
  readonly hash: string
  /** Random with each password that is set. A new hash of the same password keeps it. */
  readonly version: string
}

/** A password as it is stored. */
export interface StoredPassword extends PasswordCredential {
  readonly accountId: string
  /** The number of wrong ones since the last right one, over all networks. */
  readonly failedProofs: number
}

/** Whose password is meant: by what was typed, or by a challenge or session that names the account. */
export type PasswordOwner = Login | { readonly kind: 'account'; readonly name: string }

const find = {
  name: 'idem_password_find',
  text: `select i.subject as "accountId", i.credential->>'hash' as hash, i.credential->>'version' as version,
      i.failed_proofs as "failedProofs"
    from identity i
    where i.method = '${passwordMethodName}' and i.issuer = '${passwordMethodName}' and i.subject = coalesce(
      (select account_id from handle where name = $1),
      (select account_id from identity where method = 'email' and issuer = 'email' and subject = $2),
      $3::uuid)::text`,
}

const replace = {
  name: 'idem_password_replace',
  text: `update identity set credential = $2::jsonb, failed_proofs = 0, last_failed_at = null
    where id = $1::uuid returning id`,
}

/**
 * The pace is a condition of the update, and its state is in the credential, which the next right password or a new one
 * replaces. `greatest` ignores nulls.
 */
const tried = {
  name: 'idem_password_tried',
  text: `update identity set credential = jsonb_set(credential, '{triesPacedUntil}', to_jsonb(
      greatest((credential->>'triesPacedUntil')::timestamptz, $2::timestamptz) + $4::float8 * interval '1 millisecond'))
    where method = '${passwordMethodName}' and issuer = '${passwordMethodName}' and subject = $1::uuid::text
      and coalesce((credential->>'triesPacedUntil')::timestamptz <= $3::timestamptz, true)
    returning id`,
}

const findPacedUntil = {
  name: 'idem_password_paced_until',
  text: `select (credential->>'triesPacedUntil')::timestamptz as "pacedUntil" from identity
    where method = '${passwordMethodName}' and issuer = '${passwordMethodName}' and subject = $1::uuid::text`,
}

/** Challenges of second factors that a former password was answered with. */
const spendFirstProofs = {
  name: 'idem_password_spend_first_proofs',
  text: `insert into spent_challenge (nonce, expires_at)
    select id::text, expires_at from held_challenge
    where account_id = $1::uuid and expires_at > $2::timestamptz
      and first_factor->>'method' = '${passwordMethodName}'
    on conflict do nothing returning nonce`,
}

/** The passwords of the installation. */
export class Passwords {
  /** The password of an owner; null if there is no such account, or it has none. One statement in each case. */
  async find(call: Call, { kind, name }: PasswordOwner): Promise<StoredPassword | null> {
    const values = ['handle', 'address', 'account'].map((each) => (each === kind ? name : null))
    return (await call.run<StoredPassword>(find, values))[0] ?? null
  }

  /**
   * Counts a try behind another proof, before the comparison and in a statement of its own, so that of concurrent tries
   * only the allowed number is compared. `RATE_LIMITED` if it comes too soon after others that failed.
   */
  async countTry(call: Call, accountId: string): Promise<void> {
    const values = [accountId, call.now, triesPace.latest(call.now), triesPace.shareMilliseconds]
    if ((await call.run(tried, values)).length > 0) return
    const [found] = await call.run<{ pacedUntil: Date | null }>(findPacedUntil, [accountId])
    if (found === undefined) return
    const retryAfterSeconds = Math.max(1, triesPace.waitSeconds(found.pacedUntil, call.now))
    throw new Failure('RATE_LIMITED', undefined, { retryAfterSeconds, reason: `password of ${accountId}` })
  }

  /** Replaces the password of an identity; its failures are forgotten. */
  replacement(identityId: string, credential: PasswordCredential): Change {
    return { statement: replace, values: [identityId, JSON.stringify(credential)] }
  }

  /** Spends the open challenges that would complete a sign-in with a former password of an account. */
  spentFirstProofs(call: Call, accountId: string): Change {
    return { statement: spendFirstProofs, values: [accountId, call.now] }
  }
}
