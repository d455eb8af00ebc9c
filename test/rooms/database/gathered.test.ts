// What concurrent callers ask for is sent together: while a statement runs, and in the pause after it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Gathered, jobPauseMilliseconds } from '../../../src/database/gathered.js'

const recording = (pauseMilliseconds?: number) => {
  const batches: (readonly string[])[] = []
  const gathered = new Gathered(async (items: readonly string[]) => {
    batches.push(items)
    await nextTurn()
    if (items.includes('wrong')) throw new Error('refused')
    return items.map((item) => item.toUpperCase())
  }, pauseMilliseconds)
  return { batches, gathered }
}

test('the first is sent at once, those that come meanwhile with the next statement, and each gets its own result', async () => {
  const { batches, gathered } = recording()
  const results = ['a', 'b', 'c'].map((item) => gathered.add(item))
  expect(batches).toEqual([['a']])
  expect(await Promise.all(results)).toEqual(['A', 'B', 'C'])
  expect(batches).toEqual([['a'], ['b', 'c']])
})

test('with a pause, those that come one after the other share a statement too', async () => {
  const { batches, gathered } = recording(jobPauseMilliseconds)
  expect(await gathered.add('a')).toBe('A')
  const second = gathered.add('b')
  await nextTurn()
  expect(await Promise.all([second, gathered.add('c')])).toEqual(['B', 'C'])
  expect(batches).toEqual([['a'], ['b', 'c']])
})

test('a statement that fails is an error of its callers alone', async () => {
  const { batches, gathered } = recording(jobPauseMilliseconds)
  await expect(gathered.add('wrong')).rejects.toThrow('refused')
  expect(await gathered.add('a')).toBe('A')
  expect(batches).toEqual([['wrong'], ['a']])
})
