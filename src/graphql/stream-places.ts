// The open streams: how many there may be, for one network and in all, and that they end with the service.
import type { ValuesOf } from '../config/setting.js'
import { Failure } from '../failure.js'
import type { graphqlSettings } from './settings.js'

/** Places come free with every challenge that is answered; until then polling serves as well. In seconds. */
const fullRetrySeconds = 5
/** Another process, or the next one, takes over at once. In seconds. */
const closedRetrySeconds = 1

/** A stream that asks for a place. */
export interface PlacedStream {
  /** The network that it came from. */
  readonly network: string
  /** Aborts when the stream has ended, whoever ended it. */
  readonly signal: AbortSignal
  /** Ends the stream without a farewell, so that its client connects anew. */
  readonly end: () => void
}

/** The places that streams have in this process. */
export class StreamPlaces {
  readonly #taken = new Set<PlacedStream>()
  readonly #perNetwork = new Map<string, number>()
  #closed = false

  constructor(
    private readonly settings: Pick<ValuesOf<typeof graphqlSettings>, 'maxStreams' | 'maxStreamsPerSource'>,
  ) {}

  /**
   * Takes a place until the stream has ended. Throws `RATE_LIMITED` where its network has too many, `UNAVAILABLE` where
   * all are taken or the service stops.
   */
  take(stream: PlacedStream): void {
    if (stream.signal.aborted) return
    const { maxStreams, maxStreamsPerSource } = this.settings
    const ofNetwork = this.#perNetwork.get(stream.network) ?? 0
    if (this.#closed) throw unavailable('the service stops', closedRetrySeconds)
    if (ofNetwork >= maxStreamsPerSource)
      throw new Failure(
        'RATE_LIMITED',
        'Too many streams are open. End one, or ask again from time to time.',
        {
          retryAfterSeconds: fullRetrySeconds,
          reason: `${ofNetwork} streams of one network`,
        },
      )
    if (this.#taken.size >= maxStreams) throw unavailable(`${maxStreams} streams are open`, fullRetrySeconds)
    this.#taken.add(stream)
    this.#perNetwork.set(stream.network, ofNetwork + 1)
    stream.signal.addEventListener('abort', () => this.#leave(stream), { once: true })
  }

  /** Ends every stream, and takes no more. */
  close(): void {
    this.#closed = true
    for (const stream of this.#taken) stream.end()
  }

  #leave(stream: PlacedStream): void {
    this.#taken.delete(stream)
    const left = (this.#perNetwork.get(stream.network) ?? 0) - 1
    if (left > 0) this.#perNetwork.set(stream.network, left)
    else this.#perNetwork.delete(stream.network)
  }
}

const unavailable = (reason: string, retryAfterSeconds: number): Failure =>
  new Failure('UNAVAILABLE', undefined, { reason, retryAfterSeconds })
