// The claim of a data folder: one service at a time, whatever was killed before it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Claim, claimDataDir, DataDirInUse } from '../../../src/database/data-dir.js'
import { systemClock } from '../../../src/runtime/clock.js'

/** Nothing listens on the discard port. */
const silentUrl = 'http://127.0.0.1:9'

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'idem-data-dir-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

const claimant = (instanceId: string, url = silentUrl) => ({ url, instanceId, now: systemClock.now() })

const leaveClaim = async (path: string, claim: Partial<Claim>): Promise<void> => {
  const whole = { pid: process.pid, url: silentUrl, instanceId: 'left', startedAt: ago(0), ...claim }
  await writeFile(join(path, 'service.json'), JSON.stringify(whole))
}

const ago = (seconds: number): string => new Date(systemClock.now().getTime() - seconds * 1000).toISOString()

const readHolder = async (path: string): Promise<string> =>
  JSON.parse(await readFile(join(path, 'service.json'), 'utf8')).instanceId

/** A process that runs as long as the test, and is not an Idem. */
const bystander = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  onTestFinished(() => void child.kill('SIGKILL'))
  return child.pid ?? 0
}

const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['--version'])
  await once(child, 'exit')
  return child.pid ?? 0
}

/** A service that says on /healthz who it is, in a process that only shares our pid. */
const service = async (instanceId: string): Promise<string> => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/healthz' ? 200 : 404
    response.end(JSON.stringify({ instanceId }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

test('a folder is made so that another user can pass through, and says who holds it', async () => {
  const path = join(await folder(), 'deep', '.idem')
  await claimDataDir(path, claimant('one'))
  expect((await stat(path)).mode & 0o777).toBe(0o711)
  const claim: Claim = JSON.parse(await readFile(join(path, 'service.json'), 'utf8'))
  expect(claim).toMatchObject({ pid: process.pid, url: silentUrl, instanceId: 'one' })
})

test('a released folder can be claimed again', async () => {
  const path = await folder()
  const first = await claimDataDir(path, claimant('one'))
  await first.release()
  expect(await readdir(path)).toEqual([])
  await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
})

test('a release leaves the claim of somebody else alone', async () => {
  const path = await folder()
  const first = await claimDataDir(path, claimant('one'))
  await leaveClaim(path, { instanceId: 'two' })
  await first.release()
  expect(await readHolder(path)).toBe('two')
})

test('a live service keeps its folder however old, and the refusal says where it runs and what to do', async () => {
  const path = await folder()
  const url = await service('left')
  const pid = await bystander()
  await leaveClaim(path, { url, pid, startedAt: ago(86_400) })
  const refusal = claimDataDir(path, claimant('two'))
  await expect(refusal).rejects.toBeInstanceOf(DataDirInUse)
  await expect(refusal).rejects.toThrow(url)
  await expect(refusal).rejects.toThrow(`process ${pid}`)
  await expect(refusal).rejects.toThrow('set IDEM_DATA_DIR and IDEM_PORT')
  expect(await readHolder(path)).toBe('left')
})

test('a service in another container on the same volume, whose pid means nothing here, keeps its folder', async () => {
  const path = await folder()
  await leaveClaim(path, { url: await service('left'), pid: await deadPid(), startedAt: ago(86_400) })
  await expect(claimDataDir(path, claimant('two'))).rejects.toBeInstanceOf(DataDirInUse)
  expect(await readHolder(path)).toBe('left')
})

test('a claim of a dead process is recovered', async () => {
  const path = await folder()
  await leaveClaim(path, { pid: await deadPid() })
  await claimDataDir(path, claimant('two'))
  expect(await readdir(path)).toEqual(['service.json'])
  expect(await readHolder(path)).toBe('two')
})

test('a silent service is still starting in its first minute, and gone after it', async () => {
  const path = await folder()
  const pid = await bystander()
  await leaveClaim(path, { pid, startedAt: ago(30) })
  await expect(claimDataDir(path, claimant('two'))).rejects.toBeInstanceOf(DataDirInUse)
  await leaveClaim(path, { pid, startedAt: ago(61) })
  await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
})

test('another Idem at the same address does not keep a claim alive', async () => {
  const path = await folder()
  await leaveClaim(path, { pid: await bystander(), url: await service('other'), startedAt: ago(61) })
  await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
})

test('a claim with our own pid from before our start is recovered at once (a restarted container)', async () => {
  const path = await folder()
  await leaveClaim(path, { startedAt: ago(process.uptime() + 1) })
  await claimDataDir(path, claimant('two'))
  expect(await readHolder(path)).toBe('two')
})

test('a recovery that was killed half way is itself recovered', async () => {
  const path = await folder()
  const pid = await deadPid()
  await leaveClaim(path, { pid, instanceId: 'left' })
  const rival = { pid, url: silentUrl, instanceId: 'killed', startedAt: ago(0) }
  await writeFile(join(path, 'recovery-of-left.json'), JSON.stringify(rival))
  await claimDataDir(path, claimant('two'))
  expect(await readdir(path)).toEqual(['service.json'])
  expect(await readHolder(path)).toBe('two')
})

test.each([
  ['an empty folder', false],
  ['a stale claim', true],
])('of many that race for %s exactly one wins', async (_, stale) => {
  const pid = await deadPid()
  for (let round = 0; round < 20; round++) {
    const path = await folder()
    if (stale) await leaveClaim(path, { pid })
    const racers = ['a', 'b', 'c', 'd', 'e', 'f']
    const results = await Promise.allSettled(racers.map((racer) => claimDataDir(path, claimant(racer))))
    const winners = racers.filter((_, index) => results[index]?.status === 'fulfilled')
    expect(winners).toEqual([await readHolder(path)])
  }
})

test('a claim that cannot be understood is left to a person', async () => {
  const path = await folder()
  await writeFile(join(path, 'service.json'), '')
  await expect(claimDataDir(path, claimant('two'))).rejects.toThrow('cannot be understood')
}, 10_000)
