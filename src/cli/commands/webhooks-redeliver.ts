// `idem webhooks redeliver`: delivers again.

import type { Command } from 'commander'
import { redeliverFailedWebhooks, redeliverWebhook } from '../../client/webhooks.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { findWebhookEndpoint } from '../find-webhook-endpoint.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'

interface RedeliverOptions {
  readonly failed?: string
  readonly since?: string
}

/** `idem webhooks redeliver` */
export const webhooksRedeliverCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'redeliver',
    summary: 'Deliver an event again, or all that an endpoint did not take (operators)',
    details:
      'The ids are those of `idem webhooks log`. Events can be delivered again for 14 days. A receiver knows an event ' +
      'that it has seen by its webhook-id.',
    examples: [
      `idem webhooks redeliver "$(idem webhooks log | awk 'NR == 2 { print $5 }')"`,
      `idem webhooks redeliver --failed "$(idem webhooks list | awk 'NR == 2 { print $1 }')"`,
      `idem webhooks redeliver --failed app --since "$(date -u +%Y-%m-%dT00:00:00Z)"`,
    ],
  })
    .argument('[delivery]', 'the id of the delivery')
    .option(
      '--failed <endpoint>',
      'what was given up or waits for another try at this endpoint: its id, address or description',
    )
    .option('--since <time>', 'with --failed: only since then, in ISO 8601')
    .action(async function (this: Command, id: string | undefined) {
      const { failed, since } = this.opts<RedeliverOptions>()
      if ((id === undefined) === (failed === undefined) || (since !== undefined && failed === undefined))
        throw new CliError(
          'USAGE',
          'Name one delivery, or say --failed ENDPOINT, with --since TIME if need be.',
          'See: idem webhooks log',
        )
      const from = since === undefined ? null : momentOf(since)
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const redeliver = async (): Promise<number> => {
        if (failed === undefined) {
          await redeliverWebhook(session, id ?? '')
          return 1
        }
        const endpoint = await findWebhookEndpoint(session, failed)
        return await redeliverFailedWebhooks(session, { endpointId: endpoint.id, since: from })
      }
      const redelivered = await redeliver()
      const text =
        redelivered === 1 ? 'One event is delivered again.' : `${redelivered} events are delivered again.`
      connection.output.result({ redelivered }, text)
    })

const momentOf = (text: string): string => {
  const moment = new Date(text)
  if (Number.isNaN(moment.getTime()))
    throw new CliError('USAGE', '--since is no time.', 'Example: --since 2026-01-31T12:00:00Z')
  return moment.toISOString()
}
