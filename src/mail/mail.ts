// A mail: to which address, because of what, and what became of it. Its text is made when it is sent, and kept nowhere.
import { defineEntity, p } from '@mikro-orm/postgresql'

/** Because of what a mail is sent: a challenge, whose id `causeId` is, or an audit entry that its account hears of. */
export type MailKind = 'challenge' | 'notice'

/**
 * Where a mail stands. `sending`: it is leased to a try, until `leasedUntil`. `deferred`: a temporary refusal; it is tried again.
 * `refused`: for good. `withheld`: not sent, for the address had too many of its kind or the mail came too late.
 */
export type MailState = 'queued' | 'sending' | 'sent' | 'deferred' | 'refused' | 'withheld'

const MailSchema = defineEntity({
  name: 'Mail',
  tableName: 'mail',
  uniques: [{ name: 'mail_cause_address', properties: ['causeId', 'address'] }],
  properties: {
    /** Also the left part of its Message-ID. */
    id: p.uuid().primary(),
    kind: p.text().$type<MailKind>(),
    causeId: p.uuid(),
    /** In canonical form. */
    address: p.text(),
    state: p.text().$type<MailState>(),
    /** What the SMTP server last said, or null. */
    reply: p.text().strictNullable(),
    createdAt: p.datetime().index('mail_created_at'),
    /** The hash of the network that asked for it; null where it is a notice. */
    network: p.text().strictNullable(),
    /** The account of the session that asked for it, or null. */
    accountId: p.uuid().strictNullable(),
    /** When its asker may as well ask again; null for a notice. */
    retryAt: p.datetime().strictNullable(),
    /** The try that it is leased to, or null. */
    leasedBy: p.uuid().strictNullable(),
    leasedUntil: p.datetime().strictNullable(),
    /** When it was sent, refused or withheld. */
    settledAt: p.datetime().strictNullable(),
  },
})

/** A mail to one address. */
export class Mail extends MailSchema.class {}
MailSchema.setClass(Mail)
