// The store of identities.
import type { Account } from '../accounts/account.js'
import { accountColumns } from '../accounts/accounts.js'
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import type { Change } from '../database/change.js'
import type { JsonObject } from '../database/json.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { type CredentialStep, Identity, type ProvenIdentity } from './identity.js'
import { RetiredIdentity } from './retired-identity.js'
import type { identitySettings } from './settings.js'

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

const rename = {
  name: 'idem_identity_rename',
  text: `update identity set label = $3::text
    where id = $1::uuid and account_id = $2::uuid and label is distinct from $3::text returning id`,
}

/**
 * Keeps the count of failures: otherwise an attacker with a valid first proof could reset it before each guess of the
 * second factor.
 */
const step = {
  name: 'idem_identity_step',
  text: `update identity set credential = $2::jsonb
    where id = $1::uuid and credential @> $3::jsonb returning id`,
}

/**
 * Inserts no row for an unknown identity, so that strangers cannot make the table grow. Writes a message into the
 * write-ahead log instead, so that the commit is flushed in both cases: the flush takes milliseconds, and its absence
 * would disclose which addresses are unknown.
 */
const noteFailedProof = {
  name: 'idem_identity_failed',
  text: `with noted as (
      update identity set failed_proofs = failed_proofs + 1, last_failed_at = $4::timestamptz
      where method = $1 and issuer = $2 and subject = $3 returning id)
    select id from noted union all
    select null from pg_logical_emit_message(true, 'idem', '') where not exists (select 1 from noted)`,
}

const noteFailedProofInSession = {
  name: 'idem_identity_failed_in_session',
  text: `update identity set failed_proofs = failed_proofs + 1, last_failed_at = $2::timestamptz
    where id = (select identity_id from session where id = $1::uuid) returning id`,
}

const countFailedProofs = {
  name: 'idem_identity_failures',
  text: `select account_id as "accountId", sum(failed_proofs)::int as failed from identity
    where account_id = any($1::uuid[]) and failed_proofs > 0 group by account_id`,
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

const columns = `i.id, i.account_id as account, i.method, i.issuer, i.subject, i.label, i.credential,
  i.failed_proofs as "failedProofs", i.last_failed_at as "lastFailedAt",
  i.last_used_at as "lastUsedAt", i.created_at as "createdAt"`

const list = {
  name: 'idem_identity_list',
  text: `select ${columns} from identity i
    where i.account_id = $1::uuid and ($3::text is null or i.method = $3::text) order by i.id limit $2::int`,
}

const lock = {
  name: 'idem_identity_lock',
  text: `select ${columns} from identity i where i.account_id = $1::uuid order by i.id for update`,
}

const remove = {
  name: 'idem_identity_remove',
  text: 'delete from identity where id = any($1::uuid[]) returning id',
}

/** Puts the primary address first, so that the limit never omits it; the result is ordered by age. */
const firstAddresses = {
  name: 'idem_identity_first_addresses',
  text: `select ${columns} from account a cross join lateral (
      select * from identity own where own.account_id = a.id and own.method = 'email'
      order by (own.subject = a.primary_email) desc nulls last, own.id limit $2::int) i
    where a.id = any($1::uuid[]) order by i.id`,
}

const overtaken = (id: string): Failure =>
  new Failure('PROOF_REJECTED', undefined, { reason: `the credential of identity ${id} has changed` })

/** The identities of the installation. */
export class Identities {
  constructor(private readonly settings: ValuesOf<typeof identitySettings>) {}

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

  /** Counts a failed proof of an identity; returns its id, or null if there is no such identity. */
  async noteFailedProof(call: Call, { method, issuer, subject }: ProvenIdentity): Promise<string | null> {
    const [row] = await call.run<{ id: string | null }>(noteFailedProof, [method, issuer, subject, call.now])
    return row?.id ?? null
  }

  /** Counts a failed second factor for the identity that opened the session in which it was tried; its id, or null. */
  async noteFailedProofInSession(call: Call, sessionId: string): Promise<string | null> {
    const [row] = await call.run<{ id: string }>(noteFailedProofInSession, [sessionId, call.now])
    return row?.id ?? null
  }

  /** The number of failed proofs since the last valid ones, by account. Accounts without failures are omitted. */
  async countFailedProofs(call: Call, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await call.run<{ accountId: string; failed: number }>(countFailedProofs, [accountIds])
    return new Map(rows.map(({ accountId, failed }) => [accountId, failed]))
  }

  /** The row of a new identity. `CONFLICT` if it already exists. */
  row(identity: Identity): Row {
    return rowOf(Identity, identity, {
      identity_method_issuer_subject: () =>
        new Failure('CONFLICT', 'This identity belongs to another account.'),
    })
  }

  /**
   * Throws `CONFLICT` if the account has the maximal number of identities. The caller holds the account's lock, so that
   * none is added meanwhile.
   */
  async refuseSurplus(call: Call, accountId: string): Promise<void> {
    const { maxPerAccount } = this.settings
    if ((await call.em.count(Identity, { account: accountId })) >= maxPerAccount)
      throw new Failure(
        'CONFLICT',
        `An account can have ${maxPerAccount} identities, and yours has as many. Unlink one first.`,
      )
  }

  /** The identities of an account, oldest first. */
  async listOf(call: Call, accountId: string): Promise<Identity[]> {
    return await call.run<Identity>(list, [accountId, this.settings.maxPerAccount, null])
  }

  /** The same, locked until the end of the transaction: a sign-in with one of them waits and then sees the result. */
  async lockOf(call: Call, accountId: string): Promise<Identity[]> {
    return await call.run<Identity>(lock, [accountId])
  }

  /** The verified addresses of an account, oldest first. */
  async listAddresses(call: Call, accountId: string): Promise<Identity[]> {
    return await call.run<Identity>(list, [accountId, this.settings.maxPerAccount, 'email'])
  }

  /** For each account at most `most` verified addresses including the primary one, oldest first. */
  async listFirstAddresses(call: Call, accountIds: readonly string[], most: number): Promise<Identity[]> {
    return accountIds.length === 0 ? [] : await call.run<Identity>(firstAddresses, [accountIds, most])
  }

  /** Changes the label of an account's identity and writes `audit`; nothing if it is the same, or not the account's. */
  async rename(
    call: Call,
    {
      id,
      accountId,
      label,
    }: { readonly id: string; readonly accountId: string; readonly label: string | null },
    audit: Row,
  ): Promise<void> {
    await call.change({ statement: rename, values: [id, accountId, label] }, audit)
  }

  /** Deletes identities. */
  async remove(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(remove, [ids])
  }

  /**
   * Deletes identities and stores them as retired, so that no proof of them opens an account again. To be called in a
   * transaction, so that concurrent readers see one of the two states.
   */
  async retire(call: Call, identities: readonly Identity[]): Promise<void> {
    const retiredAt = call.now
    await this.remove(
      call,
      identities.map(({ id }) => id),
    )
    await call.write(
      ...identities.map(({ id, account, method, issuer, subject }) =>
        rowOf(RetiredIdentity, { id, account, method, issuer, subject, retiredAt }),
      ),
    )
  }
}
