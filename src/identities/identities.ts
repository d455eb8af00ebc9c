// The store of identities.
import type { ValuesOf } from '../config/setting.js'
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { Identity } from './identity.js'
import type { identitySettings } from './settings.js'

const rename = {
  name: 'idem_identity_rename',
  text: `update identity set label = $3::text
    where id = $1::uuid and account_id = $2::uuid and label is distinct from $3::text returning id`,
}

const columns = `i.id, i.account_id as account, i.method, i.issuer, i.subject, i.label, i.credential,
  i.failed_proofs as "failedProofs", i.last_failed_at as "lastFailedAt",
  i.last_used_at as "lastUsedAt", i.created_at as "createdAt"`

const list = {
  name: 'idem_identity_list',
  text: `select ${columns} from identity i
    where i.account_id = $1::uuid and ($3::text is null or i.method = $3::text) order by i.id limit $2::int`,
}

const findOwner = {
  name: 'idem_identity_owner',
  text: 'select account_id as "accountId" from identity where id = $1::uuid',
}

const lock = {
  name: 'idem_identity_lock',
  text: `select ${columns} from identity i where i.account_id = $1::uuid order by i.id for update`,
}

const remove = {
  name: 'idem_identity_remove',
  text: 'delete from identity where id = any($1::uuid[]) returning id',
}

/** One that was retired before is back since the merge that retired it was undone. */
const retire = {
  name: 'idem_identity_retire',
  text: `with gone as (delete from identity where id = any($1::uuid[]) returning id, account_id, method, issuer, subject)
    insert into retired_identity (id, account_id, method, issuer, subject, retired_at)
    select id, account_id, method, issuer, subject, $2::timestamptz from gone
    on conflict do nothing returning id`,
}

/** Puts the primary address first, so that the limit never omits it; the result is ordered by age. */
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

  /** The id of the account to which an identity leads; null if there is no such identity. */
  async findOwner(call: Call, id: string): Promise<string | null> {
    return (await call.run<{ accountId: string }>(findOwner, [id]))[0]?.accountId ?? null
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
   * Deletes identities and stores them as retired, so that no proof of them opens an account again. One statement, so
   * that concurrent readers see one of the two states.
   */
  async retire(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(retire, [ids, call.now])
  }
}
