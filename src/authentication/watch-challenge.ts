// Watches where a challenge stands, for whoever holds its id, until it is answered or too late for an answer.
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

/** Who watches what, and for how long. */
export interface Watch {
  /** The id by which its asker refers to the challenge. */
  readonly id: string
  /** The caller's call as of now; throws `UNAUTHENTICATED` once its bearer no longer holds. */
  readonly renew: () => Promise<Call>
  /** Ends the watch. Must abort at last, whatever becomes of it: the watch listens for changes until then. */
  readonly signal: AbortSignal
}

/** A bearer that ended, and a challenge that expired, are seen about this late. In milliseconds. */
const beatMilliseconds = 1_000
/** Sealed challenges are not notified of, and a notification can be lost: those changes are seen this late. In beats. */
const beatsBetweenReads = 5

/**
 * The challenge as it stands now, then once after each change of its status or delivery; ends after `SPENT` or `EXPIRED`.
 * Throws `NOT_FOUND` when the id is none of ours, later `UNAUTHENTICATED` when the caller's bearer no longer holds.
 */
export const watchChallenge = async (
  call: Call,
  watch: Watch,
  needs: WatchChallengeNeeds,
): Promise<AsyncGenerator<StandingChallenge, void>> => {
  const { id, signal } = watch
  const bell = new Bell()
  let nonce: string | null = null
  // Listening before reading, so that no change falls in between; until the nonce is known, any change may be ours.
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

/** The challenge as it stands now; null when it was not read, because that is not due or the database is away. */
const look = async (
  last: StandingChallenge,
  { watch, isDue }: { readonly watch: Watch; readonly isDue: boolean },
  needs: WatchChallengeNeeds,
): Promise<StandingChallenge | null> => {
  try {
    const call = await watch.renew()
    return isDue || isExpired(last.challenge, call.now) ? await getChallenge(call, watch.id, needs) : null
  } catch (error) {
    // It comes back, and until then nothing can be told that ought not to be.
    if (isDatabaseAway(error)) return null
    throw error
  }
}

const isOver = ({ status }: StandingChallenge): boolean => status === 'SPENT' || status === 'EXPIRED'

/** What a watcher is told of; that a worker has just taken the mail is no news. */
const toldOf = ({ status, mailState }: StandingChallenge): string =>
  `${status} ${mailState === 'sending' ? 'queued' : mailState}`

/** Wakes one who waits; remembers that it rang while nobody did. */
class Bell {
  #rang = false
  #wake: () => void = () => undefined

  ring(): void {
    this.#rang = true
    this.#wake()
  }

  /** True as soon as it rings, or has rung since the last wait; false when it does not in time. */
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
