// Starts and queries the webhook sink.
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nextMessage, pidOf, type Started } from '../started.js'

/** Asks the sink to reply when it has acknowledged this many more deliveries, or to drop those that hang. */
export type WebhookSinkOrder =
  | { readonly kind: 'count'; readonly deliveries: number }
  | { readonly kind: 'release' }

/** Messages of the sink: its port; that it counts; that it has acknowledged all; that none hangs any more. */
export type WebhookSinkReport = { readonly port: number } | 'counting' | 'taken' | 'released'

/** A running sink. */
export class WebhookSink {
  private constructor(
    private readonly child: ChildProcess,
    private readonly port: number,
  ) {}

  /** Starts one. */
  static async start(started: Started): Promise<WebhookSink> {
    const child = started.fork(fileURLToPath(new URL('./sink.js', import.meta.url)), { execArgv: [] })
    // The sink sends its port first.
    const { port } = (await nextMessage(child)) as { port: number }
    return new WebhookSink(child, port)
  }

  get pid(): number {
    return pidOf(this.child)
  }

  /** The address of an endpoint; below `/hang` there is no answer. */
  urlOf(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`
  }

  /** Starts counting. The returned function waits until `deliveries` more were acknowledged. */
  async count(deliveries: number): Promise<() => Promise<void>> {
    await this.#order({ kind: 'count', deliveries })
    const taken = nextMessage(this.child)
    // Avoids an unhandled rejection if the caller gives up before it awaits this.
    taken.catch(() => undefined)
    return async () => void (await taken)
  }

  /** Breaks off the deliveries that hang. */
  async release(): Promise<void> {
    await this.#order({ kind: 'release' })
  }

  async #order(order: WebhookSinkOrder): Promise<void> {
    this.child.send(order)
    await nextMessage(this.child)
  }
}
