// Every example of every --help, pasted into a shell.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { defaultServerUrl } from '../../../src/cli/server-url.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { pressButton } from '../../support/email-owner.js'
import { codeIn, linkIn, mailboxInbox, mailsTo } from '../../support/mail-reader.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { Shell } from './shell.js'
import { commandPaths, freshFolder, TestMachine } from './try-cli.js'

const examplesOf = async (words: readonly string[]): Promise<string[]> => {
  const { stdout } = await new TestMachine({ url: defaultServerUrl }).run([...words, '--help'])
  const [, lines = ''] = /\nExamples:\n([\s\S]*?)\n\n?Exit codes:/.exec(stdout) ?? []
  return lines.split('\n').flatMap((line) => line.trim() || [])
}

const examples = [...new Set((await Promise.all([[], ...commandPaths()].map(examplesOf))).flat())]

let idem: TestService
let worker: Worker
const own = freshFolder()
beforeAll(async () => {
  idem = await startTestService({ environment: { IDEM_OPERATORS: 'ada' } })
  worker = await startTestWorker(idem)
  const ada = new TestMachine({ url: idem.url, folder: own })
  const { publicKey } = await ada.keygen('ada.pem')
  writeFileSync(ada.file('ada.pub'), `${publicKey}\n`)
  await ada.ask(['login', '--handle', 'ada', '--private-key', ada.file('ada.pem')])
  mkdirSync(ada.file('.ssh'))
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', ada.file('.ssh/id_ed25519')])
})
afterAll(async () => {
  await worker.stop()
  await idem.stop()
})

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

/** A challenge of a mail to her, as `--no-wait` printed it before, with the code that has arrived. */
const askForMail = async (ada: TestMachine): Promise<string> => {
  const address = 'ada-elsewhere@example.org'
  const { challenge } = await ada.ask(['login', '--email', address, '--no-wait'])
  const [mail] = await mailsTo(mailboxInbox(idem), address)
  return `CHALLENGE=${challenge.id}; CODE=${codeIn(mail?.text ?? '')}; `
}

/** She presses the button of each mail that arrives, until told to stop. */
const pressButtons = (): { stop: () => Promise<void> } => {
  let isStopped = false
  const press = async (): Promise<void> => {
    const { heldSecrets } = idem.foundation
    while (!isStopped) {
      const [mail] = await mailboxInbox(idem)('ada@example.org')
      const link = linkIn(mail?.text ?? '')
      const id =
        link === '' ? null : heldSecrets.idOfConfirmationToken(new URL(link).searchParams.get('token') ?? '')
      if (id !== null) await pressButton(link, heldSecrets.matchCode(id))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const pressing = press().catch(() => undefined)
  return {
    stop: () => {
      isStopped = true
      return pressing
    },
  }
}

/** A job that was given up. */
const giveUpJob = async (): Promise<void> => {
  const { outbox, ownCall } = idem.foundation
  const id = systemRandom.uuid()
  await ownCall().write(outbox.row(ownCall(), id, { name: 'send-mail', payload: { mailId: id } }))
  await outbox.noteFailed(ownCall(), id, 'no mail server answers')
}

test('there are examples to paste', () => {
  expect(examples.length).toBeGreaterThan(20)
})

test.each(examples)('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  idem.clock.advance(16 * 60) // an address gets a few mails in a quarter of an hour, and no more
  let before = ''
  if (!example.startsWith('idem keygen')) {
    const ada = await comeHome(shell.folder)
    if (/idem (keys|identities)/.test(example)) await fillKeychain(ada)
    if (example.includes('idem jobs')) await giveUpJob()
    if (example.includes('$CHALLENGE')) before = await askForMail(ada)
  }
  const buttons = example.includes('--email') ? pressButtons() : null
  const run = await shell.runLine(before + example.replaceAll(defaultServerUrl, idem.url))
  await buttons?.stop()
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
  expect(run.stdout).not.toContain('"errors"')
})
