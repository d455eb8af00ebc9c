// Where identities are kept.
import { LockMode } from '@mikro-orm/postgresql'
import type { Account } from '../accounts/account.js'
import { accountColumns } from '../accounts/accounts.js'
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import type { JsonObject } from '../database/json.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { Identity, type ProvenIdentity } from './identity.js'
import { RetiredIdentity } from './retired-identity.js'
import type { identitySettings } from './settings.js'

const findProven = {
  name: 'idem_identity_proven',
  text: `select i.id, i.account_id as "accountId", ${accountColumns},
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

interface ProvenRow extends Omit<Account, 'id'> {
  readonly id: string | null
  readonly hasAddress: boolean
  readonly accountId: string
  readonly handleOwner: string | null
  readonly isRetired: boolean
}

/** What the database knows of a proven identity and of the handle that was claimed with it. */
export interface KnownIdentity {
  readonly found: {
    readonly identityId: string
    readonly account: Account
    /** True when the account has a verified address, so that its owner can be told of something. */
    readonly hasAddress: boolean
  } | null
  /** The account that the claimed handle belongs to, or null when it is free or none was claimed. */
  readonly handleOwner: string | null
  /** True for an identity that led to a guest who has become a person. */
  readonly isRetired: boolean
}

const columns = `i.id, i.account_id as account, i.method, i.issuer, i.subject, i.label, i.credential,
  i.created_at as "createdAt"`

const list = {
  name: 'idem_identity_list',
  text: `select ${columns} from identity i where i.account_id = $1::uuid order by i.id limit $2::int`,
}

/** The primary address first, so that it is among them; then all in the order of their age. */
const firstAddresses = {
  name: 'idem_identity_first_addresses',
  text: `select ${columns} from account a cross join lateral (
      select * from identity own where own.account_id = a.id and own.method = 'email'
      order by (own.subject = a.primary_email) desc nulls last, own.id limit $2::int) i
    where a.id = any($1::uuid[]) order by i.id`,
}

/** The identities of the installation. */
export class Identities {
  constructor(private readonly settings: ValuesOf<typeof identitySettings>) {}

  /** Looks a proven identity up together with the handle claimed with it, in one statement. */
  async lookUp(call: Call, proven: ProvenIdentity, handle: string | null): Promise<KnownIdentity> {
    const [row] = await call.run<ProvenRow>(findProven, [
      proven.method,
      proven.issuer,
      proven.subject,
      handle,
    ])
    if (row === undefined || row.id === null)
      return { found: null, handleOwner: row?.handleOwner ?? null, isRetired: row?.isRetired === true }
    const { id: identityId, accountId, hasAddress, handleOwner, isRetired, ...account } = row
    return {
      found: { identityId, account: { ...account, id: accountId }, hasAddress },
      handleOwner,
      isRetired,
    }
  }

  /** What proofs of an identity are checked against; null where there is no such identity, or where it has none. */
  async findCredential(call: Call, { method, issuer, subject }: ProvenIdentity): Promise<JsonObject | null> {
    const [row] = await call.run<Pick<Identity, 'credential'>>(findCredential, [method, issuer, subject])
    return row?.credential ?? null
  }

  /** The row of a new identity. Refused with `CONFLICT` when it leads to an account already. */
  row(identity: Identity): Row {
    return rowOf(Identity, identity, {
      identity_method_issuer_subject: () =>
        new Failure('CONFLICT', 'This identity belongs to another account.'),
    })
  }

  /** The identities of an account, oldest first. */
  async listOf(call: Call, accountId: string): Promise<Identity[]> {
    return await call.run<Identity>(list, [accountId, this.settings.maxPerAccount])
  }

  /** The same, locked until the end of the transaction: a sign-in by one of them waits, then finds it as it became. */
  async lockOf(call: Call, accountId: string): Promise<Identity[]> {
    return await call.em.find(
      Identity,
      { account: accountId },
      { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
    )
  }

  /** The verified addresses of an account, oldest first. */
  async listAddresses(call: Call, accountId: string): Promise<Identity[]> {
    return await call.em.find(
      Identity,
      { account: accountId, method: 'email' },
      { orderBy: { id: 'asc' }, limit: this.settings.maxPerAccount },
    )
  }

  /** Of each account at most `most` verified addresses, the primary one among them, oldest first. */
  async listFirstAddresses(call: Call, accountIds: readonly string[], most: number): Promise<Identity[]> {
    return accountIds.length === 0 ? [] : await call.run<Identity>(firstAddresses, [[...accountIds], most])
  }

  /** Removes an identity. */
  async remove(call: Call, id: string): Promise<void> {
    await call.em.nativeDelete(Identity, { id })
  }

  /**
   * Removes an identity and remembers what it was, so that no proof of it opens an account again. For use inside a
   * transaction: who looks meanwhile finds the one or the other.
   */
  async retire(call: Call, { id, account, method, issuer, subject }: Identity): Promise<void> {
    await this.remove(call, id)
    await call.write(rowOf(RetiredIdentity, { id, account, method, issuer, subject, retiredAt: call.now }))
  }
}
