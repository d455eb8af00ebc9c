// `idem webhooks log`: what was delivered, and what the receivers answered.

import { type Command, Option } from 'commander'
import type { Session } from '../../client/session.js'
import {
  fetchWebhookEndpoints,
  listWebhookDeliveries,
  type WebhookDelivery,
  type WebhookDeliveryState,
  type WebhookEndpoint,
} from '../../client/webhooks.js'
import { defineCommand } from '../define-command.js'
import { findWebhookEndpoint } from '../find-webhook-endpoint.js'
import { connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import { layOutColumns } from '../lay-out-columns.js'
import type { Machine } from '../machine.js'
import { wholeNumber } from '../whole-number.js'

interface LogOptions {
  readonly state?: 'pending' | 'delivered' | 'failed'
  readonly most: string
}

const stateOf: Readonly<Record<'pending' | 'delivered' | 'failed', WebhookDeliveryState>> = {
  pending: 'PENDING',
  delivered: 'DELIVERED',
  failed: 'FAILED',
}

/** `idem webhooks log` */
export const webhooksLogCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'log',
    summary: 'List deliveries, the newest first, with the last answer of each (operators)',
    details: 'With --json also what was sent and the beginning of the answer.',
    examples: [
      'idem webhooks log',
      'idem webhooks log --state failed --most 10',
      `idem webhooks log "$(idem webhooks list | awk 'NR == 2 { print $1 }')" --json`,
    ],
  })
    .argument('[endpoint]', 'its id, address or description; all of them where it is not said')
    .addOption(new Option('--state <state>', 'only these').choices(Object.keys(stateOf)))
    .option('--most <number>', 'at most so many', '50')
    .action(async function (this: Command, word: string | undefined) {
      const { state, most } = this.opts<LogOptions>()
      const limit = wholeNumber(most, { option: '--most', least: 1, most: 100_000 })
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const endpoints =
        word === undefined ? await fetchWebhookEndpoints(session) : [await findWebhookEndpoint(session, word)]
      const query = { state: state === undefined ? null : stateOf[state], limit }
      const deliveries = await newestOf(session, endpoints, query)
      const table = layOutColumns([
        ['EVENT AT', 'STATE', 'TRIES', 'TYPE', 'ID', 'ANSWER'],
        ...deliveries.map(rowOf),
      ])
      connection.output.result({ deliveries }, deliveries.length === 0 ? 'Nothing to deliver yet.' : table)
    })

/** The newest deliveries to all of the endpoints. */
const newestOf = async (
  session: Session,
  endpoints: readonly WebhookEndpoint[],
  { state, limit }: { readonly state: WebhookDeliveryState | null; readonly limit: number },
): Promise<WebhookDelivery[]> => {
  const deliveries: WebhookDelivery[] = []
  for (const { id: endpointId } of endpoints) {
    let taken = 0
    for await (const delivery of listWebhookDeliveries(session, { endpointId, state })) {
      deliveries.push(delivery)
      taken += 1
      if (taken === limit) break
    }
  }
  // Stable, so that events of one moment stay in the order of the server.
  return deliveries.sort((one, other) => other.createdAt.localeCompare(one.createdAt)).slice(0, limit)
}

const rowOf = (delivery: WebhookDelivery): string[] => [
  delivery.createdAt.slice(0, 19),
  delivery.state.toLowerCase(),
  String(delivery.attempts),
  delivery.eventType,
  delivery.id,
  answerOf(delivery),
]

const answerOf = ({ answerStatus, failure }: WebhookDelivery): string =>
  [answerStatus === null ? null : String(answerStatus), failure].filter((part) => part !== null).join(' ')
