// A mail line: where the mails of one quota, or to one domain, stand in line.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Pace } from './mail-pace.js'
import type { Turn } from './mail-quota.js'

const MailLineSchema = defineEntity({
  name: 'MailLine',
  tableName: 'mail_line',
  properties: {
    /** The hash of what it is the line of. */
    key: p.text().primary(),
    /** Grows with each change, so that of two workers that read the same state one changes it. */
    version: p.integer(),
    /** The turns of a quota, or the pace of a domain. */
    state: p.json().$type<readonly Turn[] | Pace>(),
    /** From when on it says nothing any more. */
    expiresAt: p.datetime().index('mail_line_expires_at'),
  },
})

/** Where mails stand in line. Kept in an unlogged table: a crash of the database forgets it. */
export class MailLine extends MailLineSchema.class {}
MailLineSchema.setClass(MailLine)
