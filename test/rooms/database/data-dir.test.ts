// The claim of a data folder: one service at a time, whatever was killed or stopped before it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Claim, claimDataDir, DataDirInUse } from '../../../src/database/data-dir.js'
import { birthOf, thisMachine } from '../../../src/database/process-birth.js'
import { systemClock } from '../../../src/runtime/clock.js'

const url = 'http://127.0.0.1:9'

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'idem-data-dir-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

const claimant = (instanceId: string, onLost: () => void = () => undefined) => ({
  url,
  instanceId,
  now: systemClock.now(),
  onLost,
})

const ago = (seconds: number): Date => new Date(systemClock.now().getTime() - seconds * 1000)

/** The lock that a holder last refreshed so long ago. */
const leaveLock = async (path: string, seconds: number): Promise<void> => {
  const lock = join(path, 'service.json.lock')
  await mkdir(lock, { recursive: true })
  await utimes(lock, ago(seconds), ago(seconds))
}

const bornOf = async (pid: number): Promise<string | null> => {
  const birth = await birthOf(pid)
  return birth.kind === 'started' ? birth.at : null
}

/** What a service left that ran for a day as process `pid`. */
const leaveClaim = async (
  path: string,
  { freshSeconds, ...claim }: Partial<Claim> & { readonly pid: number; readonly freshSeconds: number },
): Promise<void> => {
  const born = await bornOf(claim.pid)
  const machine = await thisMachine()
  const whole = { born, machine, url, instanceId: 'left', startedAt: ago(86_400).toISOString(), ...claim }
  await writeFile(join(path, 'service.json'), JSON.stringify(whole))
  await leaveLock(path, freshSeconds)
}

const readHolder = async (path: string): Promise<string> =>
  JSON.parse(await readFile(join(path, 'service.json'), 'utf8')).instanceId

/** A process that runs as long as the test, and is not an Idem. */
const bystander = async (): Promise<ChildProcess & { readonly pid: number }> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  onTestFinished(() => void child.kill('SIGKILL'))
  return Object.assign(child, { pid: child.pid ?? 0 })
}

const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['--version'])
  await once(child, 'exit')
  return child.pid ?? 0
}

/** A process that was killed, and whose parent does not ask about it: its number is still taken. */
const zombie = async (): Promise<number> => {
  const parent = spawn('sh', ['-c', "sh -c 'echo $$; exec sleep 1000' & exec sleep 1000"])
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line]: Buffer[] = await once(parent.stdout, 'data')
  const pid = Number(line)
  process.kill(pid, 'SIGKILL')
  return pid
}

test('a folder is made so that another user can pass through, and says who holds it', async () => {
  const path = join(await folder(), 'deep', '.idem')
  const held = await claimDataDir(path, claimant('one'))
  onTestFinished(() => held.release())
  expect((await stat(path)).mode & 0o777).toBe(0o711)
  const claim: Claim = JSON.parse(await readFile(join(path, 'service.json'), 'utf8'))
  expect(claim).toMatchObject({ pid: process.pid, url, instanceId: 'one', born: await bornOf(process.pid) })
})

test('a released folder can be claimed again', async () => {
  const path = await folder()
  const first = await claimDataDir(path, claimant('one'))
  await first.release()
  expect(await readdir(path)).toEqual([])
  const second = await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
  await second.release()
})

test('a release leaves the claim of somebody else alone', async () => {
  const path = await folder()
  const first = await claimDataDir(path, claimant('one'))
  await leaveClaim(path, { pid: process.pid, instanceId: 'two', freshSeconds: 0 })
  await first.release()
  expect(await readHolder(path)).toBe('two')
  expect(await readdir(path)).toContain('service.json.lock')
})

test('a live service keeps its folder however old, and the refusal says where it runs and what to do', async () => {
  const path = await folder()
  const { pid } = await bystander()
  await leaveClaim(path, { pid, freshSeconds: 1 })
  const refusal = claimDataDir(path, claimant('two'))
  await expect(refusal).rejects.toBeInstanceOf(DataDirInUse)
  await expect(refusal).rejects.toThrow(url)
  await expect(refusal).rejects.toThrow(`process ${pid}`)
  await expect(refusal).rejects.toThrow('set IDEM_DATA_DIR and IDEM_PORT')
  expect(await readHolder(path)).toBe('left')
})

test('a stopped service keeps its folder however long it is silent, and the refusal says how to go on', async () => {
  const path = await folder()
  const child = await bystander()
  child.kill('SIGSTOP')
  await leaveClaim(path, { pid: child.pid, freshSeconds: 86_000 })
  const refusal = claimDataDir(path, claimant('two'))
  await expect(refusal).rejects.toBeInstanceOf(DataDirInUse)
  await expect(refusal).rejects.toThrow(`kill -CONT ${child.pid}`)
  await expect(refusal).rejects.toThrow(`kill -KILL ${child.pid}`)
  expect(await readHolder(path)).toBe('left')
})

test.each([
  ['a process that is gone', deadPid],
  ['one that was killed and whose parent does not care', zombie],
])('the claim of %s is taken over at once, however fresh', async (_, make) => {
  const path = await folder()
  await leaveClaim(path, { pid: await make(), born: 'a moment ago', freshSeconds: 0 })
  const held = await claimDataDir(path, claimant('two'))
  expect((await readdir(path)).toSorted()).toEqual(['service.json', 'service.json.lock'])
  expect(await readHolder(path)).toBe('two')
  await held.release()
})

test('another process that was given the number of the one before keeps no claim alive', async () => {
  const path = await folder()
  const { pid } = await bystander()
  await leaveClaim(path, { pid, born: 'long ago', freshSeconds: 0 })
  const held = await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
  await held.release()
})

test('a service in another container on the same volume keeps its folder as long as it refreshes its lock', async () => {
  const path = await folder()
  const elsewhere = { pid: process.pid, machine: 'another container' }
  await leaveClaim(path, { ...elsewhere, freshSeconds: 5 })
  await expect(claimDataDir(path, claimant('two'))).rejects.toBeInstanceOf(DataDirInUse)
  expect(await readHolder(path)).toBe('left')
  await leaveClaim(path, { ...elsewhere, freshSeconds: 11 })
  const held = await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
  await held.release()
})

test('a service whose folder was taken over is told, and leaves it alone', async () => {
  const path = await folder()
  const onLost = vi.fn()
  const first = await claimDataDir(path, claimant('one', onLost))
  await leaveClaim(path, { pid: process.pid, instanceId: 'two', freshSeconds: 1 })
  await vi.waitFor(() => expect(onLost).toHaveBeenCalledOnce(), 8_000)
  await first.release()
  expect((await readdir(path)).toSorted()).toEqual(['service.json', 'service.json.lock'])
  expect(await readHolder(path)).toBe('two')
}, 15_000)

test('a claim that was broken off leaves nothing that keeps the next one out', async () => {
  const path = await folder()
  // Written, but its lock never taken.
  await leaveClaim(path, { pid: await deadPid(), freshSeconds: 0 })
  await rm(join(path, 'service.json.lock'), { recursive: true })
  await writeFile(join(path, 'service.json.unfinished'), '{"pid":')
  // The right to claim, of one that was killed while it had it.
  const claiming = join(path, 'claiming.lock')
  await mkdir(claiming)
  await utimes(claiming, ago(9.5), ago(9.5))
  const held = await claimDataDir(path, claimant('two'))
  expect((await readdir(path)).toSorted()).toEqual(['service.json', 'service.json.lock'])
  await held.release()
  expect(await readdir(path)).toEqual([])
})

test.each([
  ['an empty folder', false],
  ['a stale claim', true],
])(
  'of many that race for %s exactly one wins',
  async (_, stale) => {
    const pid = await deadPid()
    for (let round = 0; round < 20; round++) {
      const path = await folder()
      if (stale) await leaveClaim(path, { pid, born: 'once', freshSeconds: round % 2 })
      const racers = ['a', 'b', 'c', 'd', 'e', 'f']
      const results = await Promise.allSettled(racers.map((racer) => claimDataDir(path, claimant(racer))))
      const winners = racers.filter((_, index) => results[index]?.status === 'fulfilled')
      expect(winners).toEqual([await readHolder(path)])
      for (const result of results) if (result.status === 'fulfilled') await result.value.release()
    }
  },
  60_000,
)

test('a claim that cannot be understood goes by its lock', async () => {
  const path = await folder()
  await writeFile(join(path, 'service.json'), '')
  await leaveLock(path, 1)
  await expect(claimDataDir(path, claimant('two'))).rejects.toThrow('just starting or stopping')
  await leaveLock(path, 11)
  const held = await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
  await held.release()
})
