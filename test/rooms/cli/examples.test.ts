// Every example of every --help, pasted into a shell.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultServerUrl } from '../../../src/cli/server-url.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { Shell } from './shell.js'
import { commandPaths, freshFolder, TestMachine } from './try-cli.js'

const examplesOf = async (words: readonly string[]): Promise<string[]> => {
  const { stdout } = await new TestMachine({ url: defaultServerUrl }).run([...words, '--help'])
  const [, lines = ''] = /\nExamples:\n([\s\S]*?)\n\n?Exit codes:/.exec(stdout) ?? []
  return lines.split('\n').flatMap((line) => line.trim() || [])
}

const examples = [...new Set((await Promise.all([[], ...commandPaths()].map(examplesOf))).flat())]

let idem: TestService
const own = freshFolder()
beforeAll(async () => {
  idem = await startTestService()
  const ada = new TestMachine({ url: idem.url, folder: own })
  const { publicKey } = await ada.keygen('ada.pem')
  writeFileSync(ada.file('ada.pub'), `${publicKey}\n`)
  await ada.ask(['login', '--handle', 'ada', '--private-key', ada.file('ada.pem')])
  mkdirSync(ada.file('.ssh'))
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', ada.file('.ssh/id_ed25519')])
})
afterAll(() => idem.stop())

/** Ada's folder: she is signed in with `ada.pem`. */
const comeHome = async (folder: string): Promise<TestMachine> => {
  cpSync(own, folder, { recursive: true })
  const ada = new TestMachine({ url: idem.url, folder })
  await ada.ask(['login', '--private-key', ada.file('ada.pem')])
  return ada
}

/** Her keychain: `old.pem` and the label `laptop` are in it beside `ada.pem`, and `new.pem` is not yet. */
const fillKeychain = async (ada: TestMachine): Promise<void> => {
  for (const { id, isOwn } of (await ada.ask(['keys', 'list'])).keys)
    if (!isOwn) await ada.ask(['keys', 'remove', id])
  for (const name of ['old', 'laptop']) {
    const { file, publicKey } = await ada.keygen(`${name}.pem`)
    writeFileSync(ada.file(`${name}.pub`), `${publicKey}\n`)
    await ada.ask(['keys', 'add', '--private-key', file, '--label', name])
  }
  await ada.keygen('new.pem')
}

test('there are examples to paste', () => {
  expect(examples.length).toBeGreaterThan(20)
})

test.each(examples)('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  if (!example.startsWith('idem keygen')) {
    const ada = await comeHome(shell.folder)
    if (example.includes('idem keys')) await fillKeychain(ada)
  }
  const run = await shell.runLine(example.replaceAll(defaultServerUrl, idem.url))
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
  expect(run.stdout).not.toContain('"errors"')
})
