// The command line as real processes: `bin/idem.js`, shells side by side, and one that is killed.

import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestService } from '../../support/start-service.js'
import { startTappedService, Wiretap } from '../client/wiretap.js'
import { repository, Shell } from './shell.js'
import { freshFolder } from './try-cli.js'

let idem: TestService
let wire: Wiretap
let shell: Shell
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
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
