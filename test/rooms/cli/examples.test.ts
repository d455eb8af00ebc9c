// Every example of every --help, pasted into a shell.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Worker } from '../../../jobs/worker.js'
import { defaultServerUrl } from '../../../src/cli/server-url.js'
import { systemRandom } from '../../../src/runtime/random.js'
import { Authenticator, enrol } from '../../support/authenticator.js'
import { dataOf, millisecondsUntil } from '../../support/calls.js'
import { EmailOwner, pressButton } from '../../support/email-owner.js'
import { signInAsGuest } from '../../support/key-owner.js'
import { codeIn, linkIn, mailboxInbox, mailsTo } from '../../support/mail-reader.js'
import { startTestService, type TestService } from '../../support/start-service.js'
import { startTestWorker } from '../../support/start-worker.js'
import { VerifyingReceiver } from '../../support/webhook-receiver.js'
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
let sink: VerifyingReceiver
const own = freshFolder()
beforeAll(async () => {
  idem = await startTestService({ environment: { IDEM_OPERATORS: 'ada' } })
  worker = await startTestWorker(idem)
  sink = await VerifyingReceiver.start()
  const ada = new TestMachine({ url: idem.url, folder: own })
  const { publicKey } = await ada.keygen('ada.pem')
  writeFileSync(ada.file('ada.pub'), `${publicKey}\n`)
  await ada.ask(['login', '--handle', 'ada', '--private-key', ada.file('ada.pem')])
  writeFileSync(ada.file('wallet.hex'), randomBytes(32).toString('hex'), { mode: 0o600 })
  mkdirSync(ada.file('.ssh'))
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', ada.file('.ssh/id_ed25519')])
})
afterAll(async () => {
  await worker.stop()
  await sink.stop()
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
const pressButtons = (address = 'ada@example.org'): { stop: () => Promise<void> } => {
  let isStopped = false
  const press = async (): Promise<void> => {
    const { heldSecrets } = idem.foundation
    while (!isStopped) {
      // Notices come in between.
      const links = (await mailboxInbox(idem)(address)).map(({ text }) => linkIn(text))
      const link = links.find((found) => found !== '') ?? ''
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
  // At once, or the worker may take it before it is given up.
  await ownCall().inTransaction(async (call) => {
    await call.write(outbox.row(call, id, { name: 'send-mail', payload: { mailId: id } }))
    await outbox.noteFailed(call, id, 'no mail server answers')
  })
}

/** An endpoint `app` alone, to which an event was delivered. */
const addApp = async (ada: TestMachine): Promise<void> => {
  for (const { id } of (await ada.ask(['webhooks', 'list'])).endpoints)
    await ada.ask(['webhooks', 'remove', id])
  await ada.ask(['webhooks', 'add', sink.url, '--description', 'app'])
  await signInAsGuest(idem)
  await millisecondsUntil(30_000, async () => (await ada.ask(['webhooks', 'log'])).deliveries.length > 0)
}

/** Guests sign in, until told to stop. */
const receiveGuests = (): { stop: () => Promise<void> } => {
  let isStopped = false
  const receive = async (): Promise<void> => {
    while (!isStopped) {
      await signInAsGuest(idem)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  const receiving = receive()
  return {
    stop: () => {
      isStopped = true
      return receiving
    },
  }
}

test('there are examples to paste', () => {
  expect(examples.length).toBeGreaterThan(20)
})

/** Examples of webhooks, for which events happen. */
const isOfWebhooks = (example: string): boolean => example.includes('idem webhooks')

test.each(examples.filter(isOfWebhooks))('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  await addApp(await comeHome(shell.folder))
  const isEndless = example.includes('listen') && !example.includes('--deliveries')
  const guests = example.includes('--deliveries') ? receiveGuests() : null
  const run = await shell.runLine(example, isEndless ? { interruptAt: /Listening at/ } : {})
  await guests?.stop()
  const { endpoints } = await shell.ask(['webhooks', 'list'])
  // The test bench has taken its own away.
  if (example.includes('listen')) expect(endpoints).toMatchObject([{ description: 'app' }])
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
})

/** Examples of merges, which need two accounts of one person. */
const isOfMerges = (example: string): boolean => /idem (merges?|undo-merge)\b/.test(example)

/** Examples of passwords, second factors and devices, which need an account that has them. */
const isOfProofs = (example: string): boolean =>
  /--password|passwords|totp|recovery-codes|devices/.test(example)

const isOfThemselves = (example: string): boolean =>
  isOfProofs(example) || isOfWebhooks(example) || isOfMerges(example)

test.each(examples.filter((example) => !isOfThemselves(example)))('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  idem.clock.advance(16 * 60) // an address gets a few mails in a quarter of an hour, and no more
  let before = ''
  if (!example.startsWith('idem keygen')) {
    const ada = await comeHome(shell.folder)
    if (/idem (keys|identities)/.test(example)) await fillKeychain(ada)
    if (example.includes('idem jobs')) await giveUpJob()
    if (example.endsWith('delete-account --cancel')) {
      await ada.run(['delete-account', '--cancel'])
      await ada.ask(['delete-account', '--yes'])
    }
    if (example.includes('$CHALLENGE')) before = await askForMail(ada)
  }
  const buttons = example.includes('--email') ? pressButtons() : null
  const run = await shell.runLine(before + example.replaceAll(defaultServerUrl, idem.url))
  await buttons?.stop()
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
  expect(run.stdout).not.toContain('"errors"')
})

const password = 'four purple lanterns'

/** Somebody of a handle, with a key, an address, a password, an authenticator app, and this machine as a device. */
const settle = async (folder: string, handle: string): Promise<Authenticator> => {
  const who = new TestMachine({ url: idem.url, folder })
  const { file } = await who.keygen('ada.pem')
  await who.ask(['login', '--private-key', file, '--handle', handle])
  const owner = new EmailOwner(idem, mailboxInbox(idem), `${handle}@example.org`)
  dataOf(await owner.tryLink(who.kept.tokens.accessToken))
  await who.run(['passwords', 'set'], { stdin: `${password}\n` })
  writeFileSync(who.file('password.txt'), `${password} and more\n`)
  const again = new TestMachine({ url: idem.url, folder })
  const talk = again.open(['login', '--private-key', file], { isTerminal: false })
  talk.type(
    codeIn(
      (
        await mailsTo(
          async (to) => (await mailboxInbox(idem)(to)).filter(({ text }) => codeIn(text) !== ''),
          owner.address,
          2,
        )
      )[0]?.text ?? '',
    ),
  )
  await talk.finished
  const { app } = await enrol(idem, { accessToken: again.kept.tokens.accessToken })
  return app
}

/** Somebody asks for a reset from a machine that is no device. */
const beginWait = async (address: string): Promise<void> => {
  const buttons = pressButtons(address)
  const words = ['passwords', 'reset', '--email', address, '--wait']
  const run = await new Shell({ url: idem.url }).run(words, 'any new password')
  await buttons.stop()
  expect(run).toMatchObject({ exitCode: 0 })
}

let settled = 0
test.each(examples.filter(isOfProofs))('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  const handle = `grace${++settled}`
  const address = `${handle}@example.org`
  const app = await settle(shell.folder, handle)
  if (/totp enrol|--wait|cancel/.test(example)) {
    const who = new TestMachine({ url: idem.url, folder: shell.folder })
    expect(await who.run(['totp', 'remove'])).toMatchObject({ exitCode: 0 })
  }
  if (example.includes('cancel')) await beginWait(address)
  const buttons = example.includes('--email') ? pressButtons(address) : null
  const line = example.replaceAll('--handle ada', `--handle ${handle}`).replaceAll('ada@example.org', address)
  const stdin = example.includes('--password') ? `${password}\n${app.code()}\n` : `${password} and more\n`
  const run = await shell.runLine(
    `TOTP=${app.code()}; ${line}`,
    example.includes('totp enrol')
      ? {
          asks: {
            question: /^ +([A-Z2-7]{16,})$/m,
            answer: (secret) => `${new Authenticator(idem, secret).code()}\n`,
          },
        }
      : { stdin },
  )
  await buttons?.stop()
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
})

let merging = 0

/** Somebody with a second account, whose key, wallet and address lie in the folder; returns the handle. */
const settleTwice = async (folder: string): Promise<string> => {
  const [who, other] = [new TestMachine({ url: idem.url, folder }), new TestMachine({ url: idem.url })]
  const handle = `twice${++merging}`
  await who.ask(['login', '--private-key', (await who.keygen('ada.pem')).file, '--handle', handle])
  writeFileSync(who.file('other.hex'), randomBytes(32).toString('hex'), { mode: 0o600 })
  await other.ask(['login', '--wallet-key', who.file('other.hex')])
  const { file } = await who.keygen('other.pem')
  await other.ask(['login', '--private-key', file, '--handle', `${handle}-other`])
  const owner = new EmailOwner(idem, mailboxInbox(idem), `${handle}@example.org`)
  dataOf(await owner.tryLink(other.kept.tokens.accessToken))
  return handle
}

test.each(examples.filter(isOfMerges))('%s', async (example) => {
  const shell = new Shell({ url: idem.url })
  const address = `${await settleTwice(shell.folder)}@example.org`
  const ada = new TestMachine({ url: idem.url, folder: shell.folder })
  const isOfOne = example.startsWith('idem merge ')
  const done = isOfOne ? null : await ada.ask(['merge', '--private-key', ada.file('other.pem'), '--yes'])
  const buttons = example.includes('--email') ? pressButtons(address) : null
  const line = `MERGE=${done?.merge.id}; ${example.replaceAll('other@example.org', address)}`
  const run = await shell.runLine(line)
  await buttons?.stop()
  expect(run.stderr).not.toContain('idem:')
  expect(run.exitCode).toBe(0)
  expect(run.stdout).toMatch(/merge|MERGED|Undone/i)
})
