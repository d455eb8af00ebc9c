// `idem webhooks add`: adds a webhook endpoint.

import type { Command } from 'commander'
import { addWebhookEndpoint } from '../../client/webhooks.js'
import { defineCommand } from '../define-command.js'
import { describeWebhookSecret } from '../describe-webhook-secret.js'
import { eventTypesIn } from '../event-types.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

interface AddOptions {
  readonly events?: string
  readonly description?: string
}

/** `idem webhooks add` */
export const webhooksAddCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'add',
    summary: 'Add an endpoint, and show its secret this once (operators)',
    details: 'It gets the events from now on. Store the secret where the receiver reads it.',
    examples: [
      'idem webhooks add https://app.example.org/webhooks',
      'idem webhooks add https://app.example.org/webhooks --events account.merged,account.unmerged --description app',
    ],
  })
    .argument('<url>', 'where events are posted: https, or this machine in development')
    .option('--events <types>', 'comma list of types; all of them where it is not said')
    .option('--description <text>', 'a name for the endpoint in lists')
    .action(async function (this: Command, url: string) {
      const { events, description = null } = this.opts<AddOptions>()
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const input = { url, eventTypes: eventTypesIn(events), description }
      const created = await withStepUp(connection, { session, signWith: null }, () =>
        addWebhookEndpoint(session, input),
      )
      connection.output.result(created, describeWebhookSecret('Added', created))
    })
