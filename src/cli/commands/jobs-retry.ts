// `idem jobs retry`: retries failed jobs.

import type { Command } from 'commander'
import { retryFailedJob, retryFailedJobs } from '../../client/jobs.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

/** `idem jobs retry` */
export const jobsRetryCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'retry',
    summary: 'Try a job again that was given up, or all of them (operators)',
    details: 'The ids are those of `idem jobs failed`. A job is safe to run twice.',
    examples: [
      'idem jobs retry "$(idem jobs failed | awk \'NR == 2 { print $3 }\')"',
      'idem jobs retry --all',
    ],
  })
    .argument('[id]', 'the id of the job')
    .option('--all', 'every job that was given up')
    .action(async function (this: Command, id: string | undefined) {
      const { all = false } = this.opts<{ all?: boolean }>()
      if ((id === undefined) !== all) {
        throw new CliError('USAGE', 'Name one job, or say --all.', 'See: idem jobs failed')
      }
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const retried = await withStepUp(connection, { session, signWith: null }, async () => {
        if (id === undefined) return retryFailedJobs(session)
        await retryFailedJob(session, id)
        return 1
      })
      const text = retried === 1 ? 'One job is tried again.' : `${retried} jobs are tried again.`
      connection.output.result({ retried }, text)
    })
