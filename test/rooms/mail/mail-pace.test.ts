// The pace of a domain: bounded over all networks, fair between them, and nobody asks again in vain for long.
import { expect, test } from 'vitest'
import { givePlace, type Pace, paceMilliseconds } from '../../../src/mail/mail-pace.js'

const mostMails = 200

/** A domain whose mails ask, wait, and ask again, window after window. */
class Domain {
  readonly sent: { readonly network: string; readonly at: number }[] = []
  tries = 0
  #pace: Pace | null = null
  #waiting: { readonly network: string; readonly at: number }[] = []
  now = 1_000

  /** Asks for one mail; true when it goes at once. */
  ask(network: string): boolean {
    const { pace, at } = givePlace(this.#pace, { domain: 'example.org', network, now: this.now, mostMails })
    this.#pace = pace
    this.tries += 1
    expect(Object.keys(pace.shares).length).toBeLessThanOrEqual(1_024)
    if (at === this.now) this.sent.push({ network, at })
    else this.#waiting.push({ network, at })
    return at === this.now
  }

  /** The next window: those whose time has come ask again. */
  next(): void {
    this.now += paceMilliseconds
    const due = this.#waiting.filter(({ at }) => at <= this.now)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.now)
    for (const { network } of due) this.ask(network)
  }

  get waiting(): number {
    return this.#waiting.length
  }

  sentInWindow(network?: string): number {
    return this.sent.filter((mail) => mail.at === this.now && (network ?? mail.network) === mail.network)
      .length
  }
}

test('of 2,400 mails of one network half a window goes at a time, and every other network goes at once meanwhile', () => {
  const domain = new Domain()
  for (let index = 0; index < 2_400; index++) domain.ask('attacker')
  let [windows, unlucky] = [1, 0]
  for (; domain.waiting > 0; windows++) {
    expect(domain.sentInWindow('attacker')).toBe(100)
    for (let reader = 0; reader < 10; reader++) if (!domain.ask(`reader ${windows}.${reader}`)) unlucky += 1
    domain.next()
    expect(windows).toBeLessThan(50)
  }
  expect(domain.sent.filter(({ network }) => network === 'attacker')).toHaveLength(2_400)
  // Whoever draws the attacker's share waits for the next window.
  expect(unlucky).toBeLessThan(5)
  // None asked more than a few times.
  expect(domain.tries).toBeLessThan(3 * 2_400)
})

test('a domain gets no more than its pace, from however many networks, and thirty that flood it leave room for others', () => {
  const domain = new Domain()
  let unlucky = 0
  for (let window = 1; window <= 10; window++) {
    for (let index = 0; index < 100; index++)
      for (let network = 0; network < 30; network++) domain.ask(`attacker ${network}`)
    for (let reader = 0; reader < 5; reader++) if (!domain.ask(`reader ${window}.${reader}`)) unlucky += 1
    expect(domain.sentInWindow()).toBeLessThanOrEqual(mostMails)
    expect(domain.sentInWindow()).toBeGreaterThan(mostMails * 0.9)
    domain.next()
  }
  expect(unlucky).toBeLessThan(5)
})

test('the pace of one mail a window is kept, too', () => {
  const alone = { domain: 'example.org', network: null, mostMails: 1 }
  const first = givePlace(null, { ...alone, now: 0 })
  expect(first.at).toBe(0)
  const second = givePlace(first.pace, { ...alone, now: 1 })
  expect(second.at).toBe(paceMilliseconds)
  expect(givePlace(second.pace, { ...alone, now: paceMilliseconds }).at).toBe(paceMilliseconds)
})

test('two networks that fall into one share of a window fall into different ones of another', () => {
  const sharesOf = (network: string, now: number): string =>
    Object.keys(givePlace(null, { domain: 'example.org', network, now, mostMails }).pace.shares).join()
  const together = Array.from({ length: 2_000 }, (_, index) => String(index)).find(
    (network) => sharesOf(network, 0) === sharesOf('reader', 0),
  )
  expect(together).toBeDefined()
  const windows = Array.from({ length: 20 }, (_, index) => (index + 1) * paceMilliseconds)
  expect(
    windows.filter((now) => sharesOf(String(together), now) === sharesOf('reader', now)).length,
  ).toBeLessThan(3)
})
