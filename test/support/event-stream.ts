// A client of a subscription without a library: collects events and comments, and how the stream ended.
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, TestService } from './start-service.js'

/** The fields of a challenge that a subscriber gets. */
export interface ChallengeEvent {
  readonly data: {
    readonly challengeUpdated: { readonly status: string; readonly delivery: string | null }
  } | null
  readonly errors?: Answer['errors']
}

const subscription = `subscription ($id: ID!) { challengeUpdated(id: $id) {
  id status delivery matchCode authenticationDisabled } }`

/** Time limit of a wait, in milliseconds: long enough for a slow machine. */
const patienceMilliseconds = 20_000

/** Opens a stream and returns the HTTP response before its body is read. */
export const requestStream = async (
  idem: TestService,
  sent: { body: string; headers?: Readonly<Record<string, string>> },
): Promise<Response> =>
  await fetch(`${idem.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...sent.headers },
    body: sent.body,
  })

/** An open stream. */
export class EventStream {
  readonly events: ChallengeEvent[] = []
  comments = 0
  /** How it ended: with the event `complete` or without; null while it is open. */
  end: 'complete' | 'broken' | null = null
  #completed = false
  /** A connection of its own, which ends with the stream; `fetch` would keep it and open spare ones. */
  readonly #call: ClientRequest

  private constructor(idem: TestService, headers: Readonly<Record<string, string>>) {
    this.#call = request(`${idem.url}/graphql/stream`, { method: 'POST', agent: false, headers })
  }

  /** Watches a challenge. */
  static async watch(
    idem: TestService,
    id: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const accept = 'text/event-stream'
    const stream = new EventStream(idem, { 'content-type': 'application/json', accept, ...headers })
    stream.#call.end(JSON.stringify({ query: subscription, variables: { id } }))
    const [response]: IncomingMessage[] = await once(stream.#call, 'response')
    if (response === undefined) throw new Error('no response')
    stream.#call.on('error', () => undefined)
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${await text(response)}`)
    void stream.#read(response)
    return stream
  }

  /** The received statuses and deliveries, in their order. */
  get states(): string[] {
    return this.events.map(({ data, errors }) => {
      const { status, delivery } = data?.challengeUpdated ?? {}
      return status === undefined ? String(errors?.[0]?.extensions['code']) : `${status} ${delivery}`
    })
  }

  /** Waits until this is the last received state. */
  async until(state: string): Promise<void> {
    await this.#until(() => this.states.at(-1) === state)
  }

  /** Waits until the stream has ended. */
  async ended(): Promise<'complete' | 'broken'> {
    await this.#until(() => this.end !== null)
    return this.end ?? 'broken'
  }

  /** Closes the connection. */
  leave(): void {
    this.#call.destroy()
  }

  async #until(isSo: () => boolean): Promise<void> {
    const startedAt = performance.now()
    while (!isSo()) {
      if (performance.now() - startedAt > patienceMilliseconds)
        throw new Error(`not so: ${JSON.stringify(this.states)}, ended: ${this.end}`)
      await sleep(5)
    }
  }

  async #read(response: IncomingMessage): Promise<void> {
    let rest = ''
    try {
      for await (const chunk of response.setEncoding('utf8')) {
        const parts = (rest + chunk).split('\n\n')
        rest = parts.pop() ?? ''
        for (const part of parts) this.#take(part)
      }
    } catch {
      // The end is reported by `end`.
    }
    this.end = this.#completed ? 'complete' : 'broken'
  }

  #take(part: string): void {
    const { event, data } = /^event: (?<event>\w+)\ndata:(?<data>.*)$/.exec(part)?.groups ?? {}
    if (part.startsWith(':')) this.comments += 1
    else if (event === 'next') this.events.push(JSON.parse(data ?? ''))
    else if (event === 'complete') this.#completed = true
    else throw new Error(`not an event: ${part}`)
  }
}
