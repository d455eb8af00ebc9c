// `idem webhooks list`: the webhook endpoints.

import type { Command } from 'commander'
import { fetchWebhookEndpoints, type WebhookEndpoint } from '../../client/webhooks.js'
import { defineCommand } from '../define-command.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'

/** `idem webhooks list` */
export const webhooksListCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'list',
    summary: 'List the endpoints and how they fare (operators)',
    examples: ['idem webhooks list', 'idem webhooks list --json'],
  }).action(async function (this: Command) {
    const connection = await connect(openInvocation(machine, this))
    const endpoints = await fetchWebhookEndpoints(openSession(connection))
    const rows = endpoints.map((endpoint) => [
      endpoint.id,
      stateOf(endpoint),
      endpoint.eventTypes?.join(',') ?? 'all',
      endpoint.url,
      endpoint.description ?? '',
    ])
    const table = layOutColumns([['ID', 'STATE', 'EVENTS', 'URL', ''], ...rows])
    connection.output.result({ endpoints }, rows.length === 0 ? 'There is no endpoint.' : table)
  })

const reasons: Readonly<Record<NonNullable<WebhookEndpoint['disabledBecause']>, string>> = {
  OPERATOR: 'by an operator',
  GONE: 'it answered 410',
  FAILING: 'it failed for days',
}

const stateOf = ({ disabledAt, disabledBecause, failingSince }: WebhookEndpoint): string => {
  const reason = disabledBecause === null ? '' : ` (${reasons[disabledBecause]})`
  if (disabledAt !== null) return `off since ${disabledAt.slice(0, 10)}${reason}`
  return failingSince === null ? 'on' : `failing since ${failingSince.slice(0, 16)}`
}
