// `idem webhooks change`: changes a webhook endpoint.

import type { Command } from 'commander'
import { updateWebhookEndpoint } from '../../client/webhooks.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { eventTypesIn } from '../event-types.js'
import { findWebhookEndpoint } from '../find-webhook-endpoint.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

interface ChangeOptions {
  readonly address?: string
  readonly events?: string
  readonly description?: string
  readonly on?: boolean
  readonly off?: boolean
}

/** `idem webhooks change` */
export const webhooksChangeCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'change',
    summary: 'Change where an endpoint is and what it gets, or turn it on or off (operators)',
    details:
      'One that is off misses what happens meanwhile. One that failed for five days was turned off by the server.',
    examples: [
      'idem webhooks change app --off',
      'idem webhooks change app --on --events account.merged,account.unmerged',
      'idem webhooks change app --address https://app.example.org/hooks/idem',
    ],
  })
    .argument('<endpoint>', 'its id, address or description')
    .option('--address <url>', 'where events are posted from now on')
    .option('--events <types>', 'comma list of types; an empty one: all of them')
    .option('--description <text>', 'a name for the endpoint in lists')
    .option('--on', 'events are sent to it')
    .option('--off', 'nothing is sent to it')
    .action(async function (this: Command, word: string) {
      const change = changeOf(this.opts<ChangeOptions>())
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { id } = await findWebhookEndpoint(session, word)
      const endpoint = await withStepUp(connection, { session, signWith: null }, () =>
        updateWebhookEndpoint(session, { id, ...change }),
      )
      const state = endpoint.disabledAt === null ? 'on' : 'off'
      connection.output.result({ endpoint }, `Changed ${endpoint.url}, which is ${state} (id ${id}).`)
    })

const changeOf = ({ address, events, description, on, off }: ChangeOptions): object => {
  if (on === true && off === true) throw new CliError('USAGE', 'Say either --on or --off.')
  const change = {
    ...(address === undefined ? {} : { url: address }),
    ...(events === undefined ? {} : { eventTypes: eventTypesIn(events) }),
    ...(description === undefined ? {} : { description: description === '' ? null : description }),
    ...(on === undefined && off === undefined ? {} : { enabled: on === true }),
  }
  if (Object.keys(change).length === 0)
    throw new CliError('USAGE', 'Say what is to change.', 'See: idem webhooks change --help')
  return change
}
