// The turns of a quota: never more than five in 15 minutes, in whatever order they are asked for, and fair to who comes new.
import { expect, test } from 'vitest'
import {
  giveTurn,
  mailsPerQuota,
  type QuotaLine,
  quotaMilliseconds,
  type Turn,
} from '../../../src/mail/mail-quota.js'

const minute = 60_000

/** A line that remembers all turns. */
class Line {
  readonly all: Turn[] = []
  #line: QuotaLine | null = null
  #count = 0

  /** Asks for a turn of a new mail, of nobody's network without one. */
  ask(
    now: number,
    network: string | null = null,
    until: number | null = now + quotaMilliseconds,
  ): number | null {
    this.#count += 1
    return this.askFor(String(this.#count).padStart(6, '0'), now, network, until)
  }

  askFor(mailId: string, now: number, network: string | null, until: number | null): number | null {
    const { line, at } = giveTurn(this.#line, { mailId, network, now, until })
    this.#line = line
    if (at === now) this.all.push({ mailId, network, at })
    expect(line.turns.length).toBeLessThanOrEqual(2 * mailsPerQuota)
    expect(line.waiting.length).toBeLessThanOrEqual(2 * mailsPerQuota)
    return at
  }
}

/** Numbers below a limit that look like chance and are the same each time (a linear congruential generator). */
const sequence = (): ((below: number) => number) => {
  let state = 1
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

const most = (turns: readonly Turn[]): number =>
  Math.max(
    ...turns.map(
      ({ at: begin }) => turns.filter(({ at }) => at >= begin && at < begin + quotaMilliseconds).length,
    ),
  )

test('a sixth mail waits until the first is 15 minutes old, the seventh for the second; an eleventh has no turn in time', () => {
  const line = new Line()
  for (let index = 0; index < 5; index++) expect(line.ask(index * minute)).toBe(index * minute)
  for (let index = 0; index < 5; index++)
    expect(line.ask(5 * minute)).toBe(index * minute + quotaMilliseconds)
  expect(line.ask(5 * minute)).toBeNull()
  expect(line.ask(5 * minute, null, null)).toBeNull()
  expect(most(line.all)).toBe(5)
})

test('a turn that would come when the code has expired is not given, and is left to others', () => {
  const line = new Line()
  for (let index = 0; index < 5; index++) line.ask(0)
  expect(line.ask(minute, null, quotaMilliseconds)).toBeNull()
  expect(line.ask(minute, null, quotaMilliseconds + 1)).toBe(quotaMilliseconds)
})

test('a mail that had its turn takes no other when it is tried again, and one that waits keeps its place', () => {
  const line = new Line()
  for (const id of ['a', 'b', 'c', 'd', 'e']) line.askFor(id, 0, null, null)
  for (const now of [minute, 2 * minute])
    expect(line.askFor('again', now, null, null)).toBe(quotaMilliseconds)
  expect(line.askFor('other', 2 * minute, null, null)).toBe(quotaMilliseconds)
  // No server took the first: it goes when one does, and counts from then on.
  for (const now of [3 * minute, 14 * minute]) expect(line.askFor('a', now, null, null)).toBe(now)
  for (const id of ['other', 'again', 'third', 'fourth'])
    expect(line.askFor(id, quotaMilliseconds, null, null)).toBe(quotaMilliseconds)
  expect(line.askFor('fifth', quotaMilliseconds, null, null)).toBe(29 * minute)
})

test('a mail that waits and does not come back holds up those behind it for a minute', () => {
  const line = new Line()
  for (const now of [0, 1, 2, 3, 4]) line.askFor(`sent ${now}`, now * minute, null, null)
  expect(line.askFor('x lost', 5 * minute, null, null)).toBe(quotaMilliseconds)
  expect(line.askFor('y', 6 * minute, null, null)).toBe(quotaMilliseconds + minute)
  expect(line.askFor('z', quotaMilliseconds + minute / 2, null, null)).toBe(quotaMilliseconds + 2 * minute)
  expect(line.askFor('y', quotaMilliseconds + minute, null, null)).toBe(quotaMilliseconds + minute)
  expect(line.askFor('z', quotaMilliseconds + minute, null, null)).toBe(quotaMilliseconds + minute)
})

test('one network gets three, two get four, and the fifth is for one that has none', () => {
  const line = new Line()
  const askFour = (now: number, network: string): boolean[] =>
    [1, 2, 3, 4].map(() => line.ask(now, network) === now)
  expect(askFour(0, 'one')).toEqual([true, true, true, false])
  expect(askFour(1, 'two')).toEqual([true, false, false, false])
  expect(line.ask(2, 'one')).not.toBe(2)
  expect(line.ask(2, 'hers')).toBe(2)
})

test('the share of a network slides with time: two that ask for all they can at every moment never have all five', () => {
  const line = new Line()
  for (let now = 0; now < 10 * quotaMilliseconds; now += minute)
    for (const network of ['one', 'two']) line.ask(now, network)
  expect(line.all.length).toBeGreaterThan(30)
  expect(most(line.all)).toBe(4)
})

/** All that a mailbox gets while networks ask for four each in 15 minutes, at times that look like chance, and she once in a while. */
const besiege = (networks: number): { readonly asked: number; readonly got: number } => {
  const line = new Line()
  const chance = sequence()
  const due: { at: number; id: string; network: string; until: number }[] = []
  let id = 0
  const ask = (at: number, network: string): string => {
    id += 1
    const mail = { at, id: String(id).padStart(6, '0'), network, until: at + quotaMilliseconds }
    due.push(mail)
    return mail.id
  }
  const hers = new Set<string>()
  for (let now = 0; now < 20 * quotaMilliseconds; now += minute / 4) {
    for (let index = 0; index < networks; index++) if (chance(15) === 0) ask(now, `network ${index}`)
    if (now % (20 * minute) === 7 * minute) hers.add(ask(now, `hers at ${now}`))
    // What was told to ask again does so at that time.
    for (const mail of due.splice(0)) {
      const at = mail.at > now ? mail.at : line.askFor(mail.id, now, mail.network, mail.until)
      if (at !== null && at > now) due.push({ ...mail, at })
    }
  }
  expect(most(line.all)).toBeLessThanOrEqual(5)
  return { asked: hers.size, got: line.all.filter(({ mailId }) => hers.has(mailId)).length }
}

test('while six networks ask for all they can, whoever comes new still gets a mail before its code expires', () => {
  for (const networks of [1, 2, 3, 4, 5, 6]) {
    const { asked, got } = besiege(networks)
    expect([networks, asked, got]).toEqual([networks, 15, 15])
  }
})

test('a network that asks for a fourth gets it when enough of its own are old', () => {
  const line = new Line()
  for (const now of [0, minute, 2 * minute]) line.ask(now, 'one')
  expect(line.ask(3 * minute, 'one')).toBe(quotaMilliseconds)
})

test('ten thousand requests of all kinds at all times never make six turns in 15 minutes', () => {
  const line = new Line()
  const chance = sequence()
  let now = 0
  for (let index = 0; index < 10_000; index++) {
    now += chance(2 * minute)
    line.ask(
      now,
      chance(6) === 0 ? null : `network ${chance(6)}`,
      chance(5) === 0 ? null : now + chance(2 * quotaMilliseconds),
    )
  }
  expect(line.all.length).toBeGreaterThan(2_000)
  expect(most(line.all.toSorted((one, other) => one.at - other.at))).toBe(5)
})
