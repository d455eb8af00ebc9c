// An outbox entry: a requested job, inserted in the transaction of the change that requests it.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JobName } from '../queue/job.js'

const OutboxEntrySchema = defineEntity({
  name: 'OutboxEntry',
  tableName: 'outbox_entry',
  indexes: [{ name: 'outbox_entry_open', properties: ['doneAt', 'failedAt', 'relayedAt', 'id'] }],
  properties: {
    /** Also the id of the job in the queue: relayed twice, it is in the queue once. */
    id: p.uuid().primary(),
    job: p.text().$type<JobName>(),
    payload: p.json<object>(),
    createdAt: p.datetime(),
    /** When it was last added to the queue; null before that. */
    relayedAt: p.datetime().strictNullable(),
    /** When the job was done. */
    doneAt: p.datetime().strictNullable(),
    /** When its last try failed; null again once it is retried. */
    failedAt: p.datetime().strictNullable(),
    /** The error of its last try. */
    failure: p.text().strictNullable(),
    /** The span that asked for the job (W3C Trace Context); null where traces are off. */
    traceparent: p.text().strictNullable(),
  },
})

/** A requested job. */
export class OutboxEntry extends OutboxEntrySchema.class {}
OutboxEntrySchema.setClass(OutboxEntry)
