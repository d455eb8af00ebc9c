// Limits the number of open streams, per network and in total, and ends them with the service.
import type { ValuesOf } from '../config/setting.js'
import { Failure } from '../failure.js'
import type { graphqlSettings } from './settings.js'

/** When to try again if all streams are in use, in seconds; polling works meanwhile. */
const fullRetrySeconds = 5
/** When to try again if this process stops, in seconds; another one takes over. */
const closedRetrySeconds = 1

/** A new stream. */
export interface PlacedStream {
  /** The network of its client. */
  readonly network: string
  /** Aborts when the stream has ended, from either side. */
  readonly signal: AbortSignal
  /** Ends the stream without `complete`, so that its client reconnects. */
  readonly end: () => void
}

/** The open streams of this process. */
export class StreamPlaces {
  readonly #taken = new Set<PlacedStream>()
  readonly #perNetwork = new Map<string, number>()
  #closed = false

  constructor(
    private readonly settings: Pick<ValuesOf<typeof graphqlSettings>, 'maxStreams' | 'maxStreamsPerSource'>,
  ) {}

  /**
   * Counts a stream until it has ended. Throws `RATE_LIMITED` if its network has too many, `UNAVAILABLE` if the process
   * has too many or stops.
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

  /** Ends every stream and refuses new ones. */
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
