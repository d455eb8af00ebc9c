// Idem on one's own machine, killed, stopped and started again: its data folder has one service, and always gets the next one.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askMe, dataOf } from '../support/calls.js'
import { signInAsGuest } from '../support/key-owner.js'
import { IdemProcess } from '../support/process.js'

let parent: string
let dataDir: string
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'idem-restart-'))
  // As root, PostgreSQL runs as another user, who must get through.
  await chmod(parent, 0o711)
  dataDir = join(parent, '.idem')
})
afterAll(async () => await rm(parent, { recursive: true, force: true, maxRetries: 10 }))

const start = async (): Promise<IdemProcess> =>
  await IdemProcess.start({ IDEM_DATA_DIR: dataDir, IDEM_PUBLIC_URL: 'http://idem.test:4000' })

test('killed at any moment, the next start serves the same accounts at once', async () => {
  const first = await (await start()).ready()
  const guest = await signInAsGuest(first.asService(''))
  await first.stop('SIGKILL')
  // While it starts, too: with the folder claimed, with PostgreSQL taken over, about to serve.
  for (const milliseconds of [150, 400, 800]) {
    const killed = await start()
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    await killed.stop('SIGKILL')
  }
  const last = await (await start()).ready()
  try {
    expect(dataOf(await askMe(last.asService(''), guest.accessToken)).me.id).toBe(guest.accountId)
  } finally {
    expect(await last.stop()).toMatchObject({ exitCode: 0, stderr: '' })
  }
}, 120_000)

test('beside one that is stopped a second one does not start, says why, and harms nothing', async () => {
  const first = await (await start()).ready()
  const guest = await signInAsGuest(first.asService(''))
  first.child.kill('SIGSTOP')
  // As if it had been stopped for a day.
  const file = join(dataDir, 'service.json')
  const claim = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...claim, startedAt: '2026-01-01T00:00:00.000Z' }))
  const refused = await (await start()).ended()
  expect(refused.exitCode).toBe(75)
  expect(refused.stderr).toContain(`process ${first.child.pid}`)
  expect(refused.stderr).not.toContain('    at ')
  first.child.kill('SIGCONT')
  expect(dataOf(await askMe(first.asService(''), guest.accessToken)).me.id).toBe(guest.accountId)
  // Killed while it is stopped, it leaves the folder to the next one.
  first.child.kill('SIGSTOP')
  await first.stop('SIGKILL')
  const next = await (await start()).ready()
  expect(dataOf(await askMe(next.asService(''), guest.accessToken)).me.id).toBe(guest.accountId)
  expect(await next.stop()).toMatchObject({ exitCode: 0, stderr: '' })
}, 120_000)
