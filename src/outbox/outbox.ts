// The outbox: jobs are inserted in the transaction of the change that requests them, and kept until they are done.
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import { type Row, rowOf } from '../database/row.js'
import { type Job, type JobName, jobNames, type QueuedJob } from '../queue/job.js'
import type { Traces } from '../runtime/traces.js'
import { shownTextOf } from '../text/shown-text.js'
import { OutboxEntry } from './outbox-entry.js'

/** A failure fits a line of a list. In characters. */
const longestFailure = 500

/** The numbers of jobs by state. */
export interface OutboxCounts {
  /** Not yet added to the queue. */
  readonly waiting: number
  /** Added to the queue, not yet done. */
  readonly underWay: number
  /** Failed in all tries. */
  readonly failed: number
}

/** A job that failed in all tries. */
export interface FailedJob {
  readonly id: string
  readonly name: JobName
  readonly payload: object
  readonly createdAt: Date
  readonly failedAt: Date
  readonly failure: string
}

/** A page of failed jobs, oldest first. */
export interface FailedJobsPage {
  readonly jobs: readonly FailedJob[]
  readonly hasNextPage: boolean
}

const markDone = {
  name: 'idem_outbox_done',
  text: `update outbox_entry set done_at = $2::timestamptz, failed_at = null, failure = null
    where id = any($1::uuid[]) and done_at is null`,
}

const markFailed = {
  name: 'idem_outbox_failed',
  text: `update outbox_entry set failed_at = $2::timestamptz, failure = $3
    where id = $1::uuid and done_at is null and failed_at is null`,
}

const markLost = {
  name: 'idem_outbox_lost',
  text: `update outbox_entry set relayed_at = null
    where id = any($1::uuid[]) and done_at is null and failed_at is null`,
}

const touch = {
  name: 'idem_outbox_touch',
  text: `update outbox_entry set relayed_at = $2::timestamptz
    where id = any($1::uuid[]) and done_at is null and failed_at is null`,
}

const unfinished = {
  name: 'idem_outbox_unfinished',
  text: `select id, job as name, payload from outbox_entry
    where done_at is null and failed_at is null and relayed_at < $1::timestamptz and job = any($3::text[])
    order by relayed_at, id limit $2`,
}

const counts = {
  name: 'idem_outbox_counts',
  text: `select count(*) filter (where failed_at is null and relayed_at is null)::int as waiting,
      count(*) filter (where failed_at is null and relayed_at is not null)::int as "underWay",
      count(*) filter (where failed_at is not null)::int as failed
    from outbox_entry where done_at is null`,
}

const failedPage = {
  name: 'idem_outbox_failed_page',
  text: `select id, job as name, payload, created_at as "createdAt", failed_at as "failedAt", failure
    from outbox_entry
    where done_at is null and failed_at is not null and ($1::uuid is null or id > $1::uuid)
    order by id limit $2`,
}

const retry = {
  name: 'idem_outbox_retry',
  text: `update outbox_entry set failed_at = null, failure = null, relayed_at = null
    where done_at is null and failed_at is not null and ($1::uuid is null or id = $1::uuid) returning id`,
}

const claim = {
  name: 'idem_outbox_claim',
  text: `select id, job as name, payload from outbox_entry
    where done_at is null and failed_at is null and relayed_at is null and job = any($2::text[])
    order by id limit $1::int for update skip locked`,
}

const traceparent = {
  name: 'idem_outbox_traceparent',
  text: 'select traceparent from outbox_entry where id = $1::uuid',
}

const purge = {
  name: 'idem_outbox_purge',
  text: `delete from outbox_entry where id in (
      select id from outbox_entry where done_at < $1::timestamptz limit $2 for update skip locked) returning id`,
}

/** Most jobs of one statement, so that a long backlog is not read into memory at once. */
const mostRelayed = 500

/** The jobs of the installation. */
export class Outbox {
  /** `traces` is null where they are off. */
  constructor(private readonly traces: Pick<Traces, 'traceparent'> | null = null) {}

  /** The row of a job, to be inserted in the transaction of the change that requests it. */
  row(call: Call, id: string, job: Job): Row {
    return rowOf(OutboxEntry, {
      id,
      job: job.name,
      payload: job.payload,
      createdAt: call.now,
      relayedAt: null,
      doneAt: null,
      failedAt: null,
      failure: null,
      traceparent: this.traces?.traceparent ?? null,
    })
  }

  /**
   * Passes at most `most` waiting jobs to `deliver`, oldest first, and records that they were relayed; returns their
   * number. The rows are locked meanwhile, so that several processes can relay in parallel, and those of a killed one
   * are relayed again. A job of a newer Idem, which this one cannot do, is left to it.
   */
  async relay(
    call: Call,
    deliver: (jobs: readonly QueuedJob[]) => Promise<void>,
    most = mostRelayed,
  ): Promise<number> {
    return await call.inTransaction(async (inner) => {
      // `row` wrote them, so each is a job.
      const jobs = await inner.run<QueuedJob>(claim, [Math.min(most, mostRelayed), jobNames])
      if (jobs.length === 0) return 0
      await deliver(jobs)
      await this.noteRelayed(
        inner,
        jobs.map(({ id }) => id),
      )
      return jobs.length
    })
  }

  /** Jobs that were relayed before `relayedBefore` and not reported as done, oldest first. */
  async listUnfinished(call: Call, relayedBefore: Date): Promise<QueuedJob[]> {
    return await call.run<QueuedJob>(unfinished, [relayedBefore, mostRelayed, jobNames])
  }

  /** Records that these jobs are in the queue, still or again. */
  async noteRelayed(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(touch, [ids, call.now])
  }

  /** Records that the queue has lost these jobs: they wait again. */
  async noteLost(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(markLost, [ids])
  }

  /** Records that jobs are done. */
  async noteDone(call: Call, ids: readonly string[]): Promise<void> {
    await call.run(markDone, [ids, call.now])
  }

  /** Records that the last try of a job failed; `failure` may quote what another server sent. */
  async noteFailed(call: Call, id: string, failure: string): Promise<void> {
    await call.run(markFailed, [id, call.now, shownTextOf(failure, longestFailure) ?? ''])
  }

  /** The span that asked for a job; null if there was none. */
  async traceparentOf(call: Call, id: string): Promise<string | null> {
    const [row] = await call.run<{ traceparent: string | null }>(traceparent, [id])
    return row?.traceparent ?? null
  }

  /** The numbers of jobs by state. */
  async count(call: Call): Promise<OutboxCounts> {
    const [row] = await call.run<OutboxCounts>(counts, [])
    return row ?? { waiting: 0, underWay: 0, failed: 0 }
  }

  /** Failed jobs after the one with id `after` (null: from the first). */
  async listFailed(
    call: Call,
    page: { readonly first: number; readonly after: string | null },
  ): Promise<FailedJobsPage> {
    const jobs = await call.run<FailedJob>(failedPage, [page.after, page.first + 1])
    return { jobs: jobs.slice(0, page.first), hasNextPage: jobs.length > page.first }
  }

  /** Makes a failed job, or with null all of them, wait again; returns their number. `parts` are the audit entries. */
  async retry(call: Call, id: string | null, ...parts: readonly Part[]): Promise<number> {
    return (await call.change({ statement: retry, values: [id] }, ...parts)).length
  }

  /** Deletes at most `limit` jobs that were done before `doneBefore`; returns their number. */
  async purge(call: Call, doneBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [doneBefore, limit])).length
  }
}
