// `idem jobs failed`: the jobs that failed in all tries.

import type { Command } from 'commander'
import { type FailedJob, listFailedJobs } from '../../client/jobs.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'

/** `idem jobs failed` */
export const jobsFailedCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'failed',
    summary: 'List the jobs that were given up after their last try, and why (operators)',
    examples: ['idem jobs failed', 'idem jobs failed --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const failedJobs: FailedJob[] = []
    for await (const job of listFailedJobs(openSession(connection))) failedJobs.push(job)
    const rows = failedJobs.map(({ id, name, failedAt, failure }) => [
      failedAt.slice(0, 19),
      name,
      id,
      failure.replace(/\s+/g, ' '),
    ])
    const table = layOutColumns([['FAILED AT', 'JOB', 'ID', 'WHY'], ...rows])
    connection.output.result({ failedJobs }, rows.length === 0 ? 'No job has failed.' : table)
  })
