// `idem webhooks listen`: a test bench for webhooks.

import type { Command } from 'commander'
import { IdemError } from '../../client/idem-error.js'
import type { Session } from '../../client/session.js'
import { addWebhookEndpoint, removeWebhookEndpoint } from '../../client/webhooks.js'
import { CliError } from '../cli-error.js'
import { defineCommand } from '../define-command.js'
import { eventTypesIn } from '../event-types.js'
import { type Connection, connect, openInvocation } from '../invocation.js'
import { openSession } from '../kept-session.js'
import type { Machine } from '../machine.js'
import { WebhookBench } from '../webhook-bench.js'
import { startWebhookReceiver } from '../webhook-receiver.js'
import { wholeNumber } from '../whole-number.js'
import { withStepUp } from '../with-step-up.js'

interface ListenOptions {
  readonly forwardTo?: string | null
  readonly events?: string
  readonly port: string
  readonly deliveries?: string
}

/** The bench, and what its endpoint gets. */
interface Listening {
  readonly session: Session
  readonly bench: WebhookBench
  readonly port: number
  readonly eventTypes: readonly string[] | null
}

/** `idem webhooks listen` */
export const webhooksListenCommand = (machine: Machine): Command =>
  defineCommand({
    name: 'listen',
    summary: 'Receive events on this machine, verify them and show a line each (operators)',
    details:
      'Adds an endpoint on this machine, which the server calls only in development, and removes it at the end: by ' +
      'Ctrl-C, or after --deliveries. What --forward-to answers is passed back, so that a failure there is tried again.',
    examples: [
      'idem webhooks listen',
      'idem webhooks listen --forward-to http://localhost:3000/webhooks',
      'idem webhooks listen --events account.provisioned,account.merged --deliveries 1 --json',
    ],
  })
    .option('--forward-to <url>', 'where genuine deliveries are passed on, with their own headers')
    .option('--events <types>', 'comma list of types; all of them where it is not said')
    .option('--port <number>', 'the port to receive on; 0: any that is free', '0')
    .option('--deliveries <number>', 'end after so many')
    .action(async function (this: Command) {
      const { forwardTo, most, port, eventTypes } = orderOf(this.opts<ListenOptions>())
      const connection = await connect(openInvocation(machine, this))
      const session = openSession(connection)
      const bench = new WebhookBench({ connection, forwardTo, most })
      // Between the two tries Ctrl-C ends the command at once: nothing is added yet.
      await withStepUp(connection, { session, signWith: null }, () =>
        machine.untilInterrupted((interrupted) =>
          listen(connection, { session, bench, port, eventTypes }, interrupted),
        ),
      )
      const { received, verified, acknowledged } = bench.counts
      const text = `${received} received, ${verified} verified, ${acknowledged} acknowledged.`
      connection.output.result({ received, verified, acknowledged }, text)
    })

/** The options, checked. */
const orderOf = ({ forwardTo = null, events, port, deliveries }: ListenOptions) => {
  if (forwardTo !== null && !isHttpAddress(forwardTo)) {
    const example = 'Example: http://localhost:3000/webhooks'
    throw new CliError('USAGE', '--forward-to is no address of HTTP.', example)
  }
  const bounds = { option: '--deliveries', least: 1, most: 1_000_000 }
  return {
    forwardTo,
    most: deliveries === undefined ? null : wholeNumber(deliveries, bounds),
    port: wholeNumber(port, { option: '--port', least: 0, most: 65_535 }),
    eventTypes: eventTypesIn(events),
  }
}

const isHttpAddress = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)

const listen = async (
  { machine, output }: Connection,
  { session, bench, port, eventTypes }: Listening,
  interrupted: AbortSignal,
): Promise<void> => {
  const receiver = await startWebhookReceiver(port, bench.take)
  try {
    const { url } = receiver
    const description = `idem webhooks listen on ${machine.hostname}`
    const added = await addWebhookEndpoint(session, { url, eventTypes, description })
    try {
      bench.know(added)
      const { id } = added.endpoint
      output.event({ listening: { url, endpointId: id } }, `Listening at ${url} (Ctrl-C ends it).`)
      await bench.ended(interrupted)
    } finally {
      await remove(session, added.endpoint.id)
    }
  } finally {
    await receiver.close()
  }
}

/** Also fine where somebody else has removed it. */
const remove = async (session: Session, id: string): Promise<void> => {
  try {
    await removeWebhookEndpoint(session, id)
  } catch (cause) {
    if (cause instanceof IdemError && cause.code === 'NOT_FOUND') return
    const message = cause instanceof Error ? cause.message : String(cause)
    const next = `Sign in and remove it: idem webhooks remove ${id}`
    throw new CliError('ENDPOINT_LEFT', `The endpoint of this command is still there: ${message}`, next, {
      cause,
    })
  }
}
