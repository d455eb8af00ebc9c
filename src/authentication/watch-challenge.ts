// Reports the state of a challenge to the holder of its id, until it is answered or has expired.
import { isExpired } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import type { Notifications } from '../database/notifications.js'
import { isDatabaseAway } from '../database/storage-errors.js'
import { type GetChallengeNeeds, getChallenge } from './get-challenge.js'
import type { StandingChallenge } from './standing-challenge.js'

/** What `watchChallenge` works with. */
export interface WatchChallengeNeeds extends GetChallengeNeeds {
  readonly notifications: Notifications
}

/** The options of a watch. */
export interface Watch {
  /** The asker's id of the challenge. */
  readonly id: string
  /** The caller's call with the current time; throws `UNAUTHENTICATED` once its bearer is no longer valid. */
  readonly renew: () => Promise<Call>
  /** Ends the watch. It must abort in every case, because the listener is removed only then. */
  readonly signal: AbortSignal
}

/** Interval of the checks for an ended bearer and an expired challenge, in milliseconds. */
const beatMilliseconds = 1_000
/** Interval of reads without a notification, in beats: sealed challenges have none, and one can be lost. */
const beatsBetweenReads = 5

/**
 * The current state of the challenge, then each changed status or delivery; ends after `SPENT` or `EXPIRED`. Throws
 * `NOT_FOUND` for an unknown id, later `UNAUTHENTICATED` once the caller's bearer is no longer valid.
 */
export const watchChallenge = async (
  call: Call,
  watch: Watch,
  needs: WatchChallengeNeeds,
): Promise<AsyncGenerator<StandingChallenge, void>> => {
  const { id, signal } = watch
  const bell = new Bell()
  let nonce: string | null = null
  // Listens before it reads, so that it misses no change; until the nonce is known, any change may be of this
  // challenge.
  const listen = (changed: string) => void ([nonce ?? changed, '*'].includes(changed) && bell.ring())
  needs.notifications.on('held_challenge', listen, signal)
  signal.addEventListener('abort', () => bell.ring(), { once: true })
  const first = await getChallenge(call, id, needs)
  nonce = first.challenge.nonce
  return follow(first, { watch, bell }, needs)
}

async function* follow(
  first: StandingChallenge,
  { watch, bell }: { readonly watch: Watch; readonly bell: Bell },
  needs: WatchChallengeNeeds,
): AsyncGenerator<StandingChallenge, void> {
  yield first
  let last = first
  let beats = 0
  while (!watch.signal.aborted && !isOver(last)) {
    beats = (await bell.rings(beatMilliseconds)) ? beatsBetweenReads : beats + 1
    if (watch.signal.aborted) return
    const next = await look(last, { watch, isDue: beats >= beatsBetweenReads }, needs)
    if (next === null) continue
    beats = 0
    const isNews = toldOf(next) !== toldOf(last)
    last = next
    if (isNews) yield next
  }
}

/** The current state; null if it was not read, because a read is not due or the database cannot be reached. */
const look = async (
  last: StandingChallenge,
  { watch, isDue }: { readonly watch: Watch; readonly isDue: boolean },
  needs: WatchChallengeNeeds,
): Promise<StandingChallenge | null> => {
  try {
    const call = await watch.renew()
    return isDue || isExpired(last.challenge, call.now) ? await getChallenge(call, watch.id, needs) : null
  } catch (error) {
    // The database recovers by itself, and until then nothing is reported.
    if (isDatabaseAway(error)) return null
    throw error
  }
}

const isOver = ({ status }: StandingChallenge): boolean => status === 'SPENT' || status === 'EXPIRED'

/** The parts of which a change is reported. That a worker has started to send the mail is not reported. */
const toldOf = ({ status, mailState }: StandingChallenge): string =>
  `${status} ${mailState === 'sending' ? 'queued' : mailState}`

/** Wakes a waiting watcher, or its next wait if none is waiting. */
class Bell {
  #rang = false
  #wake: () => void = () => undefined

  ring(): void {
    this.#rang = true
    this.#wake()
  }

  /** True after a change since the last wait; false if there is none in time. */
  async rings(withinMilliseconds: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    if (this.#rang) resolve()
    const timer = setTimeout(resolve, withinMilliseconds)
    await promise
    clearTimeout(timer)
    const rang = this.#rang
    this.#rang = false
    return rang
  }
}
