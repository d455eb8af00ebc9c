// Where mails are kept: what was asked for, who sends it just now, what became of it.
import type { Call } from '../database/call.js'
import { type Row, rowOf } from '../database/row.js'
import { Failure } from '../failure.js'
import { Mail, type MailState } from './mail.js'

const columns = `id, kind, cause_id as "causeId", address, state, reply, created_at as "createdAt", held_by as "heldBy",
  held_until as "heldUntil", settled_at as "settledAt"`

const hold = {
  name: 'idem_mail_hold',
  text: `update mail set state = 'sending', held_by = $2::uuid, held_until = $4::timestamptz
    where id = $1::uuid and settled_at is null and (held_until is null or held_until <= $3::timestamptz)
    returning ${columns},
      (select count(*)::int from mail as earlier
        where earlier.address = mail.address and earlier.kind = mail.kind and earlier.state <> 'withheld'
          and earlier.created_at > mail.created_at - $5::interval and earlier.id <> mail.id
          and (earlier.id < mail.id or earlier.state = 'sent')) as "sentBefore"`,
}

const prolong = {
  name: 'idem_mail_prolong',
  text: `update mail set held_until = $3::timestamptz
    where id = $1::uuid and held_by = $2::uuid and settled_at is null returning id`,
}

const settle = {
  name: 'idem_mail_settle',
  text: `update mail set state = $2, reply = $3, settled_at = $4::timestamptz, held_by = null, held_until = null
    where id = $1::uuid and settled_at is null returning id`,
}

const release = {
  name: 'idem_mail_release',
  text: `update mail set state = 'deferred', reply = $3, held_by = null, held_until = null
    where id = $1::uuid and held_by = $2::uuid and settled_at is null returning id`,
}

const find = { name: 'idem_mail_find', text: `select ${columns} from mail where id = $1::uuid` }

const newest = { name: 'idem_mail_newest', text: `select ${columns} from mail order by id desc limit $1` }

const purge = {
  name: 'idem_mail_purge',
  text: `delete from mail where id in (
      select id from mail where created_at < $1::timestamptz limit $2 for update skip locked) returning id`,
}

/** The span in which mails to one address are counted: as long as a code holds. */
const countedSpan = '15 minutes'

/** A mail that one try has. */
export interface HeldMail extends Mail {
  /** How many mails of its kind its address got, or is to get, in the 15 minutes before it. */
  readonly sentBefore: number
}

/** What ends the way of a mail. */
export type SettledState = Extract<MailState, 'sent' | 'refused' | 'withheld'>

/** The mails of the installation. */
export class Mails {
  /** The row of a mail that is to be sent. Whoever writes it also appends the job. `CONFLICT` when its cause has one to that address. */
  row(call: Call, mail: Pick<Mail, 'id' | 'kind' | 'causeId' | 'address'>): Row {
    const values = {
      ...mail,
      state: 'queued' as const,
      reply: null,
      createdAt: call.now,
      heldBy: null,
      heldUntil: null,
      settledAt: null,
    }
    return rowOf(Mail, values, () => new Failure('CONFLICT', undefined, { reason: 'that mail is written' }))
  }

  /** Takes a mail for one try until `until`; null when it was settled, or another try has it. */
  async hold(
    call: Call,
    held: { readonly id: string; readonly by: string; readonly until: Date },
  ): Promise<HeldMail | null> {
    const values = [held.id, held.by, call.now.toISOString(), held.until.toISOString(), countedSpan]
    return (await call.run<HeldMail>(hold, values))[0] ?? null
  }

  /** Keeps a mail that one has for longer; false when one has it no more. */
  async prolong(
    call: Call,
    held: { readonly id: string; readonly by: string; readonly until: Date },
  ): Promise<boolean> {
    return (await call.run(prolong, [held.id, held.by, held.until.toISOString()])).length > 0
  }

  /** Notes what became of a mail, for good. What an SMTP server acknowledged was sent, whoever had the mail then. */
  async settle(call: Call, id: string, settled: { state: SettledState; reply: string }): Promise<void> {
    await call.run(settle, [id, settled.state, settled.reply, call.now.toISOString()])
  }

  /** Gives a mail back that could not be sent now. */
  async release(call: Call, id: string, held: { by: string; reply: string }): Promise<void> {
    await call.run(release, [id, held.by, held.reply])
  }

  /** The mail with this id, or null. */
  async find(call: Call, id: string): Promise<Mail | null> {
    return (await call.run<Mail>(find, [id]))[0] ?? null
  }

  /** The newest mails, newest first. */
  async listNewest(call: Call, limit: number): Promise<Mail[]> {
    return await call.run<Mail>(newest, [limit])
  }

  /** Removes at most `limit` mails from before `createdBefore`; returns their number. */
  async purge(call: Call, createdBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [createdBefore.toISOString(), limit])).length
  }
}
