// A queue with a bound: runs so many works at once, lets others wait their turn network by network, refuses the rest.
import { Failure } from '../failure.js'

/** The bounds of a queue. */
export interface TurnQueueBounds {
  readonly atOnce: number
  readonly mostWaiting: number
}

/**
 * When to try again, in seconds: about the time in which a full queue of the default length empties on one processor.
 */
const retryAfterSeconds = 5
/** When to try again if this process stops, in seconds; another one takes over. */
const closedRetrySeconds = 1

/** A work that waits for its turn. */
interface Waiting {
  readonly start: () => void
  readonly refuse: (failure: Failure) => void
}

/**
 * Works of different networks take turns, and one network has at most half of the places to wait, so that it cannot keep
 * the others out.
 */
export class TurnQueue {
  #running = 0
  #waiting = 0
  /** The networks in the order of their next turns, each with the works that wait, oldest first. */
  readonly #lines = new Map<string, Waiting[]>()
  #closed = false

  constructor(private readonly bounds: TurnQueueBounds) {}

  /** Runs `work` at its turn. `UNAVAILABLE`: at once if there is no place to wait, later if the queue is closed. */
  async inTurn<T>(network: string, work: () => Promise<T>): Promise<T> {
    this.admit(network)
    if (this.#running < this.bounds.atOnce) this.#running += 1
    else await this.#wait(network)
    try {
      return await work()
    } finally {
      this.#pass()
    }
  }

  /** Refuses with `UNAVAILABLE` if a work of this network would find no place to wait, or the queue is closed. */
  admit(network: string): void {
    if (this.#closed) throw closedFailure()
    const { atOnce, mostWaiting } = this.bounds
    const ofNetwork = this.#lines.get(network)?.length ?? 0
    if (this.#running < atOnce || (this.#waiting < mostWaiting && ofNetwork < Math.ceil(mostWaiting / 2)))
      return
    throw new Failure('UNAVAILABLE', 'Too many passwords are being checked just now. Try again shortly.', {
      retryAfterSeconds,
      reason: `${this.#waiting} works wait, ${ofNetwork} of this network`,
    })
  }

  /** Refuses the works that wait, and new ones, with `UNAVAILABLE`. Those that run go on. */
  close(): void {
    this.#closed = true
    const waiting = [...this.#lines.values()].flat()
    this.#lines.clear()
    this.#waiting = 0
    for (const { refuse } of waiting) refuse(closedFailure())
  }

  #wait(network: string): Promise<void> {
    const line = this.#lines.get(network) ?? []
    this.#waiting += 1
    this.#lines.set(network, line)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    line.push({ start: resolve, refuse: reject })
    return promise
  }

  /** Passes a turn that has ended to the next network, which then goes behind the others. */
  #pass(): void {
    const [next] = this.#lines
    if (next === undefined) {
      this.#running -= 1
      return
    }
    const [network, line] = next
    this.#lines.delete(network)
    const [first, ...rest] = line
    if (rest.length > 0) this.#lines.set(network, rest)
    this.#waiting -= 1
    first?.start()
  }
}

const closedFailure = (): Failure =>
  new Failure('UNAVAILABLE', undefined, {
    retryAfterSeconds: closedRetrySeconds,
    reason: 'the service stops',
  })
