// The store of what a proof finds and changes: the identity that was proven, its account and its credential.
import type { Account } from '../accounts/account.js'
import { accountColumns } from '../accounts/accounts.js'
import type { Call } from '../database/call.js'
import type { Change } from '../database/change.js'
import type { JsonObject } from '../database/json.js'
import { Failure } from '../failure.js'
import type { CredentialStep, Identity, ProvenIdentity } from './identity.js'

const findProven = {
  name: 'idem_identity_proven',
  text: `select i.id, i.account_id as "accountId", i.failed_proofs as "failedProofs",
      i.last_used_at as "lastUsedAt", ${accountColumns},
      exists (select 1 from identity e where e.account_id = i.account_id and e.method = 'email') as "hasAddress",
      (select account_id from handle where name = $4) as "handleOwner",
      i.id is null and exists (select 1 from retired_identity r
        where r.method = proven.method and r.issuer = proven.issuer and r.subject = proven.subject) as "isRetired"
    from (select $1::text as method, $2::text as issuer, $3::text as subject) as proven
    left join identity i using (method, issuer, subject)
    left join account a on a.id = i.account_id`,
}

const findCredential = {
  name: 'idem_identity_credential',
  text: 'select credential from identity where method = $1 and issuer = $2 and subject = $3',
}

const use = {
  name: 'idem_identity_use',
  text: `update identity set failed_proofs = 0, credential = coalesce($2::jsonb, credential),
      last_used_at = greatest(last_used_at, $4::timestamptz)
    where id = $1::uuid and ($3::jsonb is null or credential @> $3::jsonb) returning id`,
}

/** The condition is checked again after a wait for the row, so that of many proofs at the same time one writes it. */
const touch = {
  name: 'idem_identity_touch',
  text: `update identity set last_used_at = $2::timestamptz
    where id = $1::uuid and (last_used_at is null or last_used_at <= $3::timestamptz) returning id`,
}

/** The interval within which a further use is not written, in milliseconds: most proofs then change no identity. */
const touchMilliseconds = 60_000

/**
 * Keeps the count of failures: otherwise an attacker with a valid first proof could reset it before each guess of the
 * second factor.
 */
const step = {
  name: 'idem_identity_step',
  text: `update identity set credential = $2::jsonb
    where id = $1::uuid and credential @> $3::jsonb returning id`,
}

interface ProvenRow extends Omit<Account, 'id'> {
  readonly id: string | null
  readonly hasAddress: boolean
  readonly accountId: string
  readonly failedProofs: number
  readonly lastUsedAt: Date | null
  readonly handleOwner: string | null
  readonly isRetired: boolean
}

/** An identity that exists, and its account. */
export interface FoundIdentity {
  readonly identityId: string
  readonly account: Account
  /** True if the account has a verified address, to which a notice can be sent. */
  readonly hasAddress: boolean
  /** The number of failed proofs of the identity since the last valid one. */
  readonly failedProofs: number
  /** The recorded time of the last valid proof, or null. */
  readonly lastUsedAt: Date | null
}

/** What is stored about a proven identity and the handle that was claimed with it. */
export interface KnownIdentity {
  readonly found: FoundIdentity | null
  /** The account to which the claimed handle belongs; null if it is free, or none was claimed. */
  readonly handleOwner: string | null
  /** True for a retired identity: its guest has become a person. */
  readonly isRetired: boolean
}

const overtaken = (id: string): Failure =>
  new Failure('PROOF_REJECTED', undefined, { reason: `the credential of identity ${id} has changed` })

/** Identities as proofs find and change them. */
export class ProvenIdentities {
  /** Looks up a proven identity and the handle that was claimed with it, in one statement. */
  async lookUp(call: Call, proven: ProvenIdentity, handle: string | null): Promise<KnownIdentity> {
    const [row] = await call.run<ProvenRow>(findProven, [
      proven.method,
      proven.issuer,
      proven.subject,
      handle,
    ])
    if (row === undefined || row.id === null)
      return { found: null, handleOwner: row?.handleOwner ?? null, isRetired: row?.isRetired === true }
    const { id: identityId, accountId, handleOwner, isRetired, ...facts } = row
    const { hasAddress, failedProofs, lastUsedAt, ...account } = facts
    const found = { identityId, account: { ...account, id: accountId }, hasAddress, failedProofs, lastUsedAt }
    return { found, handleOwner, isRetired }
  }

  /** The credential of an identity; null if there is no such identity, or it has none. */
  async findCredential(call: Call, { method, issuer, subject }: ProvenIdentity): Promise<JsonObject | null> {
    const [row] = await call.run<Pick<Identity, 'credential'>>(findCredential, [method, issuer, subject])
    return row?.credential ?? null
  }

  /**
   * The change of an identity by a valid proof: resets the count of failures, stores the new credential and the time of
   * use. Empty if nothing changes, as for a further proof within a minute. `PROOF_REJECTED` if another proof has changed
   * the credential meanwhile, so that of two proofs with the same counter one is valid.
   */
  usesOf(
    { now }: Pick<Call, 'now'>,
    { identityId: id, failedProofs, lastUsedAt }: Omit<FoundIdentity, 'account' | 'hasAddress'>,
    credential: CredentialStep | null,
  ): readonly Change[] {
    const from = credential?.from ?? null
    if (failedProofs > 0 || from !== null) {
      const to = from === null ? null : JSON.stringify(credential?.to)
      const values = [id, to, from && JSON.stringify(from), now]
      return [{ statement: use, values, otherwise: () => overtaken(id) }]
    }
    const dueAt = new Date(now.getTime() - touchMilliseconds)
    if (lastUsedAt !== null && lastUsedAt > dueAt) return []
    // Not required: an identity that was removed meanwhile is refused by the session that would refer to it.
    return [{ statement: touch, values: [id, now, dueAt] }]
  }

  /** The change of the credential alone, for a first proof that a second one must complete. */
  stepsOf(id: string, credential: CredentialStep | null): readonly Change[] {
    if (credential === null || credential.from === null) return []
    const values = [id, JSON.stringify(credential.to), JSON.stringify(credential.from)]
    return [{ statement: step, values, otherwise: () => overtaken(id) }]
  }
}
