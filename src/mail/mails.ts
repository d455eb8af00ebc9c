// The store of mails: their causes, leases and results.
import type { Call } from '../database/call.js'
import { Gathered, jobPauseMilliseconds } from '../database/gathered.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { Mail, type MailState } from './mail.js'
import type { MailAsk } from './mail-asks.js'

const columns = `id, kind, cause_id as "causeId", address, state, reply, created_at as "createdAt", network,
  account_id as "accountId", retry_at as "retryAt", leased_by as "leasedBy",
  leased_until as "leasedUntil", settled_at as "settledAt"`

const lease = {
  name: 'idem_mail_lease',
  text: `update mail set state = 'sending', leased_by = asked.by, leased_until = asked.until
    from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as asked (mail_id, by, until)
    where id = asked.mail_id and settled_at is null and (leased_until is null or leased_until <= $4::timestamptz)
    returning ${columns},
      exists (select 1 from known_network k
        where k.address_hash = encode(sha256(convert_to(mail.address, 'UTF8')), 'hex')
          and k.network = mail.network) as "isFromKnownNetwork",
      exists (select 1 from identity i
        where i.method = 'email' and i.issuer = 'email' and i.subject = mail.address
          and i.account_id = mail.account_id) as "isOfOwner"`,
}

const prolong = {
  name: 'idem_mail_prolong',
  text: `update mail set leased_until = $3::timestamptz
    where id = $1::uuid and leased_by = $2::uuid and settled_at is null returning id`,
}

const settle = {
  name: 'idem_mail_settle',
  text: `update mail set state = settled.state, reply = settled.reply, settled_at = settled.at,
      leased_by = null, leased_until = null
    from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as settled (mail_id, state, reply, at)
    where id = settled.mail_id and settled_at is null`,
}

const release = {
  name: 'idem_mail_release',
  text: `update mail set state = $4, reply = $3, leased_by = null, leased_until = null
    where id = $1::uuid and leased_by = $2::uuid and settled_at is null returning id`,
}

const find = { name: 'idem_mail_find', text: `select ${columns} from mail where id = $1::uuid` }

const newest = { name: 'idem_mail_newest', text: `select ${columns} from mail order by id desc limit $1` }

const purge = {
  name: 'idem_mail_purge',
  text: `delete from mail where id in (
      select id from mail where created_at < $1::timestamptz limit $2 for update skip locked) returning id`,
}

/** A mail that is leased to one try. */
export interface LeasedMail extends Mail {
  /** True if the owner of the address has proven it in answer to a mail that the same network requested. */
  readonly isFromKnownNetwork: boolean
  /** True if it was requested in a session of the account to which the address belongs. */
  readonly isOfOwner: boolean
}

/** For a mail that was not requested: a notice. */
const unasked: MailAsk = { network: null, accountId: null, retryAt: null }

/** The final states. */
export type SettledState = Extract<MailState, 'sent' | 'refused' | 'withheld'>

/** The final result of a mail. */
export interface Settlement {
  readonly state: SettledState
  readonly reply: string
}

/** Why a try returns a mail. */
export interface Released {
  readonly by: string
  readonly state: Extract<MailState, 'queued' | 'deferred'>
  readonly reply: string
}

/** A try that requests a mail for itself, and until when. */
export interface Lease {
  readonly id: string
  readonly by: string
  readonly until: Date
}

interface LeaseRequest {
  readonly call: Call
  readonly lease: Lease
}

interface SettleRequest {
  readonly call: Call
  readonly id: string
  readonly settled: Settlement
}

/** The mails of the installation. Concurrent leases share one statement, and so do concurrent results. */
export class Mails {
  readonly #leases = new Gathered(
    (batch: readonly LeaseRequest[]) => this.#lease(batch),
    jobPauseMilliseconds,
  )
  readonly #settlements = new Gathered(
    (batch: readonly SettleRequest[]) => this.#settle(batch),
    jobPauseMilliseconds,
  )

  /**
   * The row of a mail that is to be sent; without `ask` it is a notice. The caller also inserts the job. `CONFLICT` if
   * there is already a mail with this cause and address.
   */
  row(call: Call, mail: Pick<Mail, 'id' | 'kind' | 'causeId' | 'address'>, ask: MailAsk = unasked): Row {
    const values = {
      ...mail,
      ...ask,
      state: 'queued' as const,
      reply: null,
      createdAt: call.now,
      leasedBy: null,
      leasedUntil: null,
      settledAt: null,
    }
    return rowOf(Mail, values, {
      mail_cause_address: () => new Failure('CONFLICT', undefined, { reason: 'that mail is written' }),
    })
  }

  /** Leases a mail to one try; null if it is settled, or leased to another try. */
  async lease(call: Call, lease: Lease): Promise<LeasedMail | null> {
    return await this.#leases.add({ call, lease })
  }

  /** Renews a lease; false if the mail is no longer leased to that try. */
  async prolong(call: Call, lease: Lease): Promise<boolean> {
    return (await call.run(prolong, [lease.id, lease.by, lease.until])).length > 0
  }

  /**
   * Stores the final result of a mail. A mail that an SMTP server has accepted counts as sent, even if its lease has
   * passed to another try.
   */
  async settle(call: Call, id: string, settled: Settlement): Promise<void> {
    await this.#settlements.add({ call, id, settled })
  }

  /**
   * Ends the lease of a mail that is sent later: `queued` if it waits for its turn, `deferred` if no server accepted
   * it.
   */
  async release(call: Call, id: string, released: Released): Promise<void> {
    await call.run(release, [id, released.by, released.reply, released.state])
  }

  /** The mail with this id, or null. */
  async find(call: Call, id: string): Promise<Mail | null> {
    return (await call.run<Mail>(find, [id]))[0] ?? null
  }

  /** The newest mails, newest first. */
  async listNewest(call: Call, limit: number): Promise<Mail[]> {
    return await call.run<Mail>(newest, [limit])
  }

  /** Deletes at most `limit` mails that were created before `createdBefore`; returns their number. */
  async purge(call: Call, createdBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [createdBefore, limit])).length
  }

  async #lease(batch: readonly LeaseRequest[]): Promise<(LeasedMail | null)[]> {
    // The newest request, which has the latest time.
    const { call } = batch.at(-1) as LeaseRequest
    const leased = await call.run<LeasedMail>(lease, [
      batch.map((request) => request.lease.id),
      batch.map((request) => request.lease.by),
      batch.map((request) => request.lease.until),
      call.now,
    ])
    // If two tries of one mail share the statement, one of them gets the lease.
    return batch.map((request) => leased.find(({ leasedBy }) => leasedBy === request.lease.by) ?? null)
  }

  async #settle(batch: readonly SettleRequest[]): Promise<undefined[]> {
    const { call } = batch.at(-1) as SettleRequest
    await call.run(settle, [
      batch.map(({ id }) => id),
      batch.map(({ settled }) => settled.state),
      batch.map(({ settled }) => settled.reply),
      batch.map((request) => request.call.now),
    ])
    return batch.map(() => undefined)
  }
}
