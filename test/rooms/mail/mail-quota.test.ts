// The turns of a quota: never more than five in 15 minutes, in whatever order they are asked for, and fair to who comes new.
import { expect, test } from 'vitest'
import { giveTurn, mailsPerQuota, quotaMilliseconds, type Turn } from '../../../src/mail/mail-quota.js'

const minute = 60_000

/** A line of turns that remembers all it gave. */
class Line {
  readonly all: Turn[] = []
  #turns: readonly Turn[] = []
  #count = 0

  ask(now: number, leaves = 0, until: number | null = now + quotaMilliseconds): number | null {
    this.#count += 1
    return this.askFor(String(this.#count), now, leaves, until)
  }

  askFor(mailId: string, now: number, leaves: number, until: number | null): number | null {
    const { turns, at } = giveTurn(this.#turns, { mailId, leaves, now, until })
    this.#turns = turns
    if (at !== null && this.all.every((turn) => turn.mailId !== mailId)) this.all.push({ mailId, at })
    expect(turns.length).toBeLessThanOrEqual(2 * mailsPerQuota)
    return at
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
  expect(line.ask(5 * minute, 0, null)).toBeNull()
  expect(most(line.all)).toBe(5)
})

test('a turn that would come when the code has expired is not given, and is left to others', () => {
  const line = new Line()
  for (let index = 0; index < 5; index++) line.ask(0)
  expect(line.ask(minute, 0, quotaMilliseconds)).toBeNull()
  expect(line.ask(minute, 0, quotaMilliseconds + 1)).toBe(quotaMilliseconds)
})

test('a mail keeps its turn however often it asks, and takes no second one', () => {
  const line = new Line()
  for (let index = 0; index < 5; index++) line.ask(0)
  expect(line.askFor('again', minute, 0, null)).toBe(quotaMilliseconds)
  for (const now of [2 * minute, quotaMilliseconds, quotaMilliseconds + 14 * minute])
    expect(line.askFor('again', now, 0, null)).toBe(quotaMilliseconds)
  expect(line.all).toHaveLength(6)
})

test('one network gets three at once, two get four, and the fifth is for one who has asked for none', () => {
  const line = new Line()
  const askFour = (now: number): boolean[] => [0, 1, 2, 3].map((leaves) => line.ask(now, leaves) === now)
  expect(askFour(0)).toEqual([true, true, true, false])
  expect(askFour(1)).toEqual([true, false, false, false])
  expect(line.ask(2, 1)).not.toBe(2)
  expect(line.ask(2, 0)).toBe(2)
})

test('a network that asks for a fourth gets it when enough of its own are old', () => {
  const line = new Line()
  for (const leaves of [0, 1, 2]) line.ask(leaves * minute, leaves)
  expect(line.ask(3 * minute, 3)).toBe(quotaMilliseconds + minute)
})

test('ten thousand requests of all kinds at all times never make six turns in 15 minutes', () => {
  const line = new Line()
  // A fixed sequence that looks like chance (a linear congruential generator).
  let state = 1
  const chance = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
  let now = 0
  for (let index = 0; index < 10_000; index++) {
    now += chance(2 * minute)
    line.ask(now, chance(6), chance(5) === 0 ? null : now + chance(2 * quotaMilliseconds))
  }
  expect(line.all.length).toBeGreaterThan(2_000)
  expect(most(line.all.toSorted((one, other) => one.at - other.at))).toBe(5)
})
