// `idem webhooks remove`: removes a webhook endpoint.

import type { Command } from 'commander'
import { removeWebhookEndpoint } from '../../client/webhooks.js'
import { defineCommand } from '../define-command.js'
import { findWebhookEndpoint } from '../find-webhook-endpoint.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'

/** `idem webhooks remove` */
export const webhooksRemoveCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'remove',
    summary: 'Remove an endpoint and its log (operators)',
    details:
      'What is not yet delivered to it is not sent any more. To keep the log: idem webhooks change --off',
    examples: ['idem webhooks remove app'],
  })
    .argument('<endpoint>', 'its id, address or description')
    .action(async function (this: Command, word: string) {
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const removed = await findWebhookEndpoint(session, word)
      await removeWebhookEndpoint(session, removed.id)
      connection.output.result({ removed }, `Removed the endpoint ${removed.url}.`)
    })
