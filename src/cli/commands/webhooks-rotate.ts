// `idem webhooks rotate`: gives a webhook endpoint a new secret.

import type { Command } from 'commander'
import { rotateWebhookSecret } from '../../client/webhooks.js'
import { defineCommand } from '../define-command.js'
import { describeWebhookSecret } from '../describe-webhook-secret.js'
import { findWebhookEndpoint } from '../find-webhook-endpoint.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { withStepUp } from '../with-step-up.js'

/** `idem webhooks rotate` */
export const webhooksRotateCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'rotate',
    summary: 'Give an endpoint a new secret and key, and show the secret this once (operators)',
    details: 'Deliveries are signed with the old ones too for 24 hours.',
    examples: ['idem webhooks rotate app'],
  })
    .argument('<endpoint>', 'its id, address or description')
    .action(async function (this: Command, word: string) {
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const { id } = await findWebhookEndpoint(session, word)
      const rotated = await withStepUp(connection, { session, signWith: null }, () =>
        rotateWebhookSecret(session, id),
      )
      connection.output.result(rotated, describeWebhookSecret('Rotated the secret of', rotated))
    })
