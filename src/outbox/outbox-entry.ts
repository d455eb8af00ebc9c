// An outbox entry: a job that a change asked for, written in the transaction of that change.
import { defineEntity, p } from '@mikro-orm/postgresql'
import type { JobName } from '../queue/job.js'

const OutboxEntrySchema = defineEntity({
  name: 'OutboxEntry',
  tableName: 'outbox_entry',
  indexes: [{ name: 'outbox_entry_open', properties: ['doneAt', 'failedAt', 'relayedAt', 'id'] }],
  properties: {
    /** The id of the job in the queue too: relayed twice, it is there once. */
    id: p.uuid().primary(),
    job: p.text().$type<JobName>(),
    payload: p.json<object>(),
    createdAt: p.datetime(),
    /** When it was last handed to the queue; null while it waits for that. */
    relayedAt: p.datetime().strictNullable(),
    /** When its work was done. */
    doneAt: p.datetime().strictNullable(),
    /** When it was given up: a dead letter, until somebody retries it. */
    failedAt: p.datetime().strictNullable(),
    /** Why it was given up. */
    failure: p.text().strictNullable(),
  },
})

/** A job that a change asked for. */
export class OutboxEntry extends OutboxEntrySchema.class {}
OutboxEntrySchema.setClass(OutboxEntry)
