// A mail: its address, its cause and its state. Its text is composed when it is sent, and stored nowhere.
import { defineEntity, p } from '@mikro-orm/postgresql'

/**
 * The cause of a mail, whose id is `causeId`: a challenge, or an audit entry of which the account's owner is notified.
 */
export type MailKind = 'challenge' | 'notice'

/**
 * The state of a mail. `sending`: leased to a try until `leasedUntil`. `deferred`: refused temporarily, and tried
 * again. `refused`: refused permanently. `withheld`: not sent, because the address had too many mails of this kind, or
 * the mail came too late.
 */
export type MailState = 'queued' | 'sending' | 'sent' | 'deferred' | 'refused' | 'withheld'

const MailSchema = defineEntity({
  name: 'Mail',
  tableName: 'mail',
  uniques: [{ name: 'mail_cause_address', properties: ['causeId', 'address'] }],
  indexes: [
    { name: 'mail_address', properties: ['address', 'id'] },
    { name: 'mail_account', properties: ['accountId', 'id'], where: 'account_id is not null' },
  ],
  properties: {
    /** Also the left part of its Message-ID. */
    id: p.uuid().primary(),
    kind: p.text().$type<MailKind>(),
    causeId: p.uuid(),
    /** In canonical form. */
    address: p.text(),
    state: p.text().$type<MailState>(),
    /** The last reply of the SMTP server, or null. */
    reply: p.text().strictNullable(),
    createdAt: p.datetime().index('mail_created_at'),
    /** The hash of the network that requested it; null for a notice. */
    network: p.text().strictNullable(),
    /** The account of the session that requested it, or null. */
    accountId: p.uuid().strictNullable(),
    /** When another request makes sense; null for a notice. */
    retryAt: p.datetime().strictNullable(),
    /** The try to which it is leased, or null. */
    leasedBy: p.uuid().strictNullable(),
    leasedUntil: p.datetime().strictNullable(),
    /** When it was sent, refused or withheld. */
    settledAt: p.datetime().strictNullable(),
  },
})

/** A mail to one address. */
export class Mail extends MailSchema.class {}
MailSchema.setClass(Mail)
