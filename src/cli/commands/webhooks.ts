// `idem webhooks`: the webhook endpoints of the installation, for its operators.

import type { Command } from 'commander'
import { defineCommand } from '../define-command.js'
import type { Machine } from '../machine.js'
import { webhooksAddCommand } from './webhooks-add.js'
import { webhooksChangeCommand } from './webhooks-change.js'
import { webhooksListCommand } from './webhooks-list.js'
import { webhooksListenCommand } from './webhooks-listen.js'
import { webhooksLogCommand } from './webhooks-log.js'
import { webhooksRedeliverCommand } from './webhooks-redeliver.js'
import { webhooksRemoveCommand } from './webhooks-remove.js'
import { webhooksRotateCommand } from './webhooks-rotate.js'

/** `idem webhooks`, with its commands below. */
export const webhooksCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'webhooks',
    summary: 'Tell other systems of what becomes of accounts (operators)',
    details:
      'Operators are the accounts that the server lists in IDEM_OPERATORS. How a receiver verifies: docs/webhooks.md.',
    examples: ['idem webhooks list'],
  })
    .addCommand(webhooksAddCommand(machine))
    .addCommand(webhooksListCommand(machine))
    .addCommand(webhooksLogCommand(machine))
    .addCommand(webhooksRedeliverCommand(machine))
    .addCommand(webhooksChangeCommand(machine))
    .addCommand(webhooksRotateCommand(machine))
    .addCommand(webhooksRemoveCommand(machine))
    .addCommand(webhooksListenCommand(machine))
