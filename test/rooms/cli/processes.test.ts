// The command line as real processes: `bin/idem.js`, shells side by side, and one that is killed.

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generatePrivateKey } from '../../../src/cli/private-key.js'
import { MovableClock, type TestService } from '../../support/start-service.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { repository, Shell } from './shell.js'
import { freshFolder } from './try-cli.js'

/** Time passes at the service, so that the few seconds in which a spent refresh token may be repeated do run out. */
class RunningClock extends MovableClock {
  override now(): Date {
    return new Date()
  }
}

let idem: TestService
let wire: Wiretap
let shell: Shell
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService({ clock: new RunningClock() }))
  shell = new Shell({ url: wire.url })
})
afterAll(async () => {
  await wire.stop()
  await idem.stop()
})

test('before the build it says what to run and ends with 70', async () => {
  const folder = freshFolder()
  mkdirSync(path.join(folder, 'bin'))
  cpSync(path.join(repository, 'bin'), path.join(folder, 'bin'), { recursive: true })
  copyFileSync(path.join(repository, 'package.json'), path.join(folder, 'package.json'))
  const run = await new Shell({ url: wire.url, program: path.join(folder, 'bin/idem.js') }).run(['--help'])
  expect(run).toMatchObject({ exitCode: 70, stdout: '', stderr: expect.stringContaining('npm install') })
})

test('through a link, as npm installs it, it runs, knows its version, and ends by itself', async () => {
  const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'))
  const link = path.join(freshFolder(), 'idem')
  symlinkSync(path.join(repository, 'bin/idem.js'), link)
  const linked = new Shell({ url: wire.url, program: link })
  expect(await linked.run(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
  expect(await linked.run(['nonsense'])).toMatchObject({ exitCode: 2, stdout: '' })
})

test('a shell killed in the middle leaves a whole config, and the next one goes on', async () => {
  await shell.ask(['login', '--guest'])
  for (const delayMs of [60, 120, 180, 240]) {
    const { child, finished } = shell.start(['login', '--guest'])
    setTimeout(() => child.kill('SIGKILL'), delayMs)
    await finished
    expect(shell.config.version).toBe(1)
  }
  expect(await shell.run(['token'])).toMatchObject({ exitCode: 0 })
}, 60_000)

/** A shell whose key came by a pipe: once its session is lost it cannot sign in again by itself. */
const signedInOnce = async (): Promise<{ once: Shell; sessionId: string }> => {
  const once = new Shell({ url: wire.url })
  await once.ask(['login', '--private-key', '-'], generatePrivateKey().pem)
  const { session } = await once.ask(['whoami'])
  return { once, sessionId: session.id }
}

/** Longer than an access token serves, in seconds. */
const anHour = 3_600

test('killed between sending a refresh and its answer, it loses no session: the next one repeats it at once', async () => {
  const { once, sessionId } = await signedInOnce()
  once.receiveEarlier(anHour)
  const { child, finished } = once.start(['token'])
  wire.onNextAnswer('RefreshSession', async (_call, response) => {
    child.kill('SIGKILL')
    await finished
    response.destroy()
  })
  await finished
  expect(once.config.servers[wire.url].tokens.refreshStartedAt).toEqual(expect.any(String))
  expect(await once.run(['token'])).toMatchObject({ exitCode: 0 })
  expect((await once.ask(['whoami'])).session.id).toBe(sessionId)
}, 60_000)

test('killed at any moment it loses no session: 20 times', async () => {
  const { once, sessionId } = await signedInOnce()
  const start = performance.now()
  await once.run(['token'])
  const usualMs = performance.now() - start
  for (let round = 0; round < 20; round += 1) {
    once.receiveEarlier(anHour)
    const { child, finished } = once.start(['token'])
    setTimeout(() => child.kill('SIGKILL'), (0.4 + Math.random()) * usualMs)
    await finished
    expect(await once.run(['token'])).toMatchObject({ exitCode: 0 })
  }
  expect((await once.ask(['whoami'])).session.id).toBe(sessionId)
  expect(readdirSync(path.dirname(once.configPath))).toEqual(['config.json'])
}, 120_000)
