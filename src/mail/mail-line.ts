// A mail line: the queue of the mails of one quota or to one domain.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { Pace } from './mail-pace.js'
import type { QuotaLine } from './mail-quota.js'

const MailLineSchema = defineEntity({
  name: 'MailLine',
  tableName: 'mail_line',
  properties: {
    /** The hash of the quota or domain. */
    key: p.text().primary(),
    /** Increases with each change, so that of two workers that read the same state only one can change it. */
    version: p.integer(),
    /** The turns of a quota and the mails that wait for one, or the pace of a domain. */
    state: p.json().$type<QuotaLine | Pace>(),
    /** When its content is no longer needed. */
    expiresAt: p.datetime().index('mail_line_expires_at'),
  },
})

/** The state of a line. In an unlogged table, which a crash of the database empties. */
export class MailLine extends MailLineSchema.class {}
MailLineSchema.setClass(MailLine)
