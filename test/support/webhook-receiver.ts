// A receiver of webhooks for a whole test file: keeps what arrives, verified by `standardwebhooks`, and answers as told.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** A delivery that arrived. */
export interface Arrival {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The payload, if a secret of the sink verifies it; else null. */
  // biome-ignore lint/suspicious/noExplicitAny: each type of event has other data
  readonly payload: any
}

/** An answer of a receiver. */
export interface ReceiverAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A receiver, which listens on this machine. */
export class VerifyingReceiver {
  readonly arrivals: Arrival[] = []
  /** What it answers from now on. */
  answer: (arrival: Arrival) => ReceiverAnswer = () => ({ status: 204 })
  readonly #secrets: string[] = []
  readonly #server = createServer()
  #url = ''

  /** Starts one. */
  static async start(): Promise<VerifyingReceiver> {
    const sink = new VerifyingReceiver()
    await sink.#listen()
    return sink
  }

  get url(): string {
    return this.#url
  }

  /** From now on it verifies with this secret too. */
  know(secret: string): void {
    this.#secrets.push(secret)
  }

  /** What arrived so far of events of an account. */
  of(accountId: string): readonly Arrival[] {
    return this.arrivals.filter(({ payload }) => payload?.data?.accountId === accountId)
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await closed
  }

  async #listen(): Promise<void> {
    this.#server.on('request', async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      )
      const arrival = { path: request.url ?? '', headers, body, payload: this.#verified(body, headers) }
      this.arrivals.push(arrival)
      const answer = this.answer(arrival)
      response.writeHead(answer.status, answer.headers).end(answer.body)
    })
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #verified(body: string, headers: Readonly<Record<string, string>>): unknown {
    for (const secret of this.#secrets)
      try {
        return new Webhook(secret).verify(body, headers)
      } catch {
        // Another secret may verify it.
      }
    return null
  }
}
