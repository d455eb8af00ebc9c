// The lock: one holder at a time, a dead one replaced at once, a silent one after a while.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lockFile } from '../../../src/cli/file-lock.js'
import { freshFolder } from './try-cli.js'

const newFile = (): string => path.join(freshFolder(), 'config.json')
const patience = { mostMs: 60_000, silenceMs: 60_000 }
const impatience = { mostMs: 0, silenceMs: 60_000 }

/** Locks it, which must work. */
const take = async (file: string, waiting = patience) => {
  const lock = await lockFile(file, waiting)
  if (lock === null) throw new Error('it was not locked')
  return lock
}

/** The claim that holds the lock. */
const claimOf = (file: string): string => readdirSync(`${file}.lock`)[0] ?? ''

/** A process that has ended, by its id. */
const deadProcess = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'close')
  return child.pid ?? 0
}

/** Puts the claim of another process in the place of the one that holds the lock. */
const replaceClaim = (file: string, change: (parts: string[]) => string[]): void => {
  const claim = claimOf(file)
  renameSync(path.join(`${file}.lock`, claim), path.join(`${file}.lock`, change(claim.split('.')).join('.')))
}

test('it is held by one at a time, and leaves nothing behind', async () => {
  const file = newFile()
  const lock = await take(file)
  expect(await lockFile(file, impatience)).toBeNull()
  expect(await lock.isLost()).toBe(false)
  await lock.release()
  expect(readdirSync(path.dirname(file))).toEqual([])
  await (await take(file)).release()
})

test('many at once: each gets its turn and nobody is beside another', async () => {
  const file = newFile()
  let inside = 0
  let turns = 0
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      const lock = await take(file)
      inside += 1
      expect(inside).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      inside -= 1
      turns += 1
      await lock.release()
    }),
  )
  expect(turns).toBe(40)
  expect(readdirSync(path.dirname(file))).toEqual([])
})

test('that of a process that is dead is taken over without waiting', async () => {
  const file = newFile()
  const lock = await take(file)
  const pid = String(await deadProcess())
  replaceClaim(file, ([system = '', , ...rest]) => [system, pid, ...rest])
  const next = await take(file, impatience)
  expect(await lock.isLost()).toBe(true)
  await next.release()
})

test.skipIf(process.platform !== 'linux')(
  'so is that of a process whose id has gone to another one',
  async () => {
    const file = newFile()
    await take(file)
    replaceClaim(file, ([system = '', pid = '', start = '', ...rest]) => [
      system,
      pid,
      `${Number(start) - 1}`,
      ...rest,
    ])
    await (await take(file, impatience)).release()
  },
)

test('that of a dead process is taken over by one alone, however many wait', async () => {
  const file = newFile()
  const pid = String(await deadProcess())
  for (let round = 0; round < 20; round += 1) {
    await take(file)
    replaceClaim(file, ([system = '', , ...rest]) => [system, pid, ...rest])
    let inside = 0
    const turns = Array.from({ length: 8 }, async () => {
      const lock = await take(file)
      inside += 1
      expect(inside).toBe(1)
      expect(await lock.isLost()).toBe(false)
      inside -= 1
      await lock.release()
    })
    await Promise.all(turns)
  }
})

test('that of another system is left alone until it has been silent for long', async () => {
  const file = newFile()
  await take(file)
  const pid = String(await deadProcess())
  replaceClaim(file, ([, , ...rest]) => ['0123456789abcdef', pid, ...rest])
  expect(await lockFile(file, impatience)).toBeNull()
  await (await take(file, { ...patience, silenceMs: 1 })).release()
})

test('a holder that was silent for long learns that it has lost the lock, and takes it from nobody', async () => {
  const file = newFile()
  const asleep = await take(file)
  const next = await take(file, { ...patience, silenceMs: 1 })
  expect(await asleep.isLost()).toBe(true)
  await asleep.release()
  expect(await next.isLost()).toBe(false)
  expect(await lockFile(file, impatience)).toBeNull()
  await next.release()
})

test('what processes left that were killed while they waited is cleared away', async () => {
  const file = newFile()
  const lock = await take(file)
  const pid = String(await deadProcess())
  const [system = '', own = '', start = ''] = claimOf(file).split('.')
  await lock.release()
  mkdirSync(`${file}.lock.${system}.${pid}.${start}.aa`)
  mkdirSync(`${file}.lock.${system}.${own}.${start}.bb`)
  writeFileSync(`${file}.other`, '')
  await (await take(file)).release()
  expect(readdirSync(path.dirname(file))).toEqual([
    `config.json.lock.${system}.${own}.${start}.bb`,
    'config.json.other',
  ])
})

test('a folder that is none fails at once, and a lock in a folder that is gone is released all the same', async () => {
  const file = newFile()
  await expect(lockFile(path.join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOENT' })
  const lock = await take(file)
  rmSync(path.dirname(file), { recursive: true })
  expect(await lock.isLost()).toBe(true)
  await lock.release()
  expect(existsSync(path.dirname(file))).toBe(false)
})
