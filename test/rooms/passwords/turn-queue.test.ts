// The queue of passwords: so many at once, a bounded number behind them, network by network.
import { expect, test } from 'vitest'
import { Failure } from '../../../src/failure.js'
import { TurnQueue } from '../../../src/passwords/turn-queue.js'

/** A queue whose works are ended by the test, in the order in which they have begun. */
const createQueue = (atOnce: number, mostWaiting: number) => {
  const turns = new TurnQueue({ atOnce, mostWaiting })
  const begun: string[] = []
  const ends: (() => void)[] = []
  const add = async (network: string, name = network): Promise<string> =>
    await turns.inTurn(network, async () => {
      begun.push(name)
      const { promise, resolve } = Promise.withResolvers<void>()
      ends.push(resolve)
      await promise
      return name
    })
  /** Ends the oldest running work, and lets the next one begin. */
  const endOne = async (): Promise<void> => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { turns, begun, add, endOne }
}

const refusalOf = async (work: Promise<unknown>): Promise<Failure> => {
  const thrown = await work.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  )
  if (!(thrown instanceof Failure)) throw thrown
  return thrown
}

test('so many run at once; the others begin when one ends, and every result reaches its asker', async () => {
  const { begun, add, endOne } = createQueue(2, 10)
  const results = Promise.all(['a', 'b', 'c', 'd'].map(async (name) => await add('one', name)))
  await new Promise(setImmediate)
  expect(begun).toEqual(['a', 'b'])
  await endOne()
  expect(begun).toEqual(['a', 'b', 'c'])
  for (let turn = 0; turn < 3; turn++) await endOne()
  expect(await results).toEqual(['a', 'b', 'c', 'd'])
})

test('networks take turns: one that has many waiting does not go before one that has few', async () => {
  const { begun, add, endOne } = createQueue(1, 100)
  const works = ['a1', 'a2', 'a3', 'a4'].map(async (name) => await add('a', name))
  works.push(add('b', 'b1'), add('c', 'c1'), add('b', 'b2'))
  for (let turn = 0; turn < 7; turn++) await endOne()
  await Promise.all(works)
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('one network has half of the places, all together have all; more are refused before they begin', async () => {
  const { begun, add, endOne, turns } = createQueue(1, 4)
  const works = [add('a'), add('a'), add('a')]
  const refused = await refusalOf(add('a', 'too many'))
  expect(refused).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterSeconds: 5 } })
  expect(() => turns.admit('a')).toThrow('Try again shortly')
  expect(() => turns.admit('b')).not.toThrow()
  works.push(add('b'), add('c'))
  expect((await refusalOf(add('d', 'too many'))).code).toBe('UNAVAILABLE')
  for (let turn = 0; turn < 5; turn++) await endOne()
  await Promise.all(works)
  expect(begun).toEqual(['a', 'a', 'b', 'c', 'a'])
  await expect(Promise.all([add('d'), endOne()])).resolves.toBeDefined()
})

test('a work that throws passes its turn on', async () => {
  const turns = new TurnQueue({ atOnce: 1, mostWaiting: 2 })
  const failing = turns.inTurn('a', async () => {
    throw new Error('as it happens')
  })
  const next = turns.inTurn('a', async () => 'next')
  await expect(failing).rejects.toThrow('as it happens')
  expect(await next).toBe('next')
})

test('a closed queue refuses who waits and who comes; what runs is finished', async () => {
  const { begun, add, endOne, turns } = createQueue(1, 10)
  const running = add('a', 'running')
  const waiting = [add('a', 'first'), add('b', 'second')].map(refusalOf)
  turns.close()
  for (const refused of [...(await Promise.all(waiting)), await refusalOf(add('c', 'late'))])
    expect(refused).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterSeconds: 1 } })
  await endOne()
  expect(await running).toBe('running')
  expect(begun).toEqual(['running'])
})
