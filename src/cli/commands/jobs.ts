// `idem jobs`: the jobs of the installation, for its operators.

import type { Command } from 'commander'
import { fetchJobCounts } from '../../client/jobs.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'
import { jobsFailedCommand } from './jobs-failed.js'
import { jobsRetryCommand } from './jobs-retry.js'

/** `idem jobs`, with `failed` and `retry`. */
export const jobsCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'jobs',
    summary: 'Show how many jobs wait, are under way and have failed (operators)',
    details: 'Operators are the accounts that the server lists in IDEM_OPERATORS.',
    examples: ['idem jobs', 'idem jobs --json', 'idem jobs failed', 'idem jobs retry --all'],
  })
    .action(async function (this: Command) {
      const connection = await connect(openInvocation(machine, this))
      const jobs = await fetchJobCounts(openSession(connection))
      const table = layOutColumns([
        ['Waiting', String(jobs.waiting)],
        ['Under way', String(jobs.underWay)],
        ['Failed', String(jobs.failed)],
      ])
      connection.output.result({ jobs }, table)
    })
    .addCommand(jobsFailedCommand(machine))
    .addCommand(jobsRetryCommand(machine))
