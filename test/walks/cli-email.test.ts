// The story of somebody with an email address at a terminal: `idem` as it was built, as processes of its own.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Worker } from '../../jobs/worker.js'
import { installedNodes, Shell } from '../rooms/cli/shell.js'
import { startTappedService, Wiretap } from '../rooms/client/wiretap.js'
import { millisecondsUntil } from '../support/calls.js'
import { pressButton } from '../support/email-owner.js'
import { codeIn, type Inbox, linkIn, mailboxInbox, mailsTo } from '../support/mail-reader.js'
import { type TestService } from '../support/start-service.js'
import { startTestWorker } from '../support/start-worker.js'

let idem: TestService
let worker: Worker
let wire: Wiretap
beforeAll(async () => {
  ;({ idem, wire } = await startTappedService())
  worker = await startTestWorker(idem)
})
afterAll(async () => {
  await wire.stop()
  await worker.stop()
  await idem.stop()
})

const shells: Shell[] = []
let count = 0
const newAddress = (): string => `cleo${++count}@example.org`

/** The newest of so many mails with a code; notices come in between. */
const mailTo = async (address: string, mails = 1): Promise<string> => {
  const inbox: Inbox = async (to) => (await mailboxInbox(idem)(to)).filter(({ text }) => codeIn(text) !== '')
  return (await mailsTo(inbox, address, mails))[0]?.text ?? ''
}

type Started = ReturnType<Shell['open']>

const until = (talk: Started, words: string): Promise<unknown> =>
  millisecondsUntil(30_000, async () => talk.said().includes(words))

const matchCodeIn = (talk: Started): string => /Match code: (\d{4})/.exec(talk.said())?.[1] ?? ''

/** A login by the code, as far as that it ends. */
const logIn = async (shell: Shell, address: string, mails = 1) => {
  const talk = shell.open(['login', '--email', address])
  await until(talk, 'Match code')
  talk.child.stdin?.write(`${codeIn(await mailTo(address, mails))}\n`)
  const run = await talk.finished
  expect(run).toMatchObject({ exitCode: 0 })
  return shell.config.servers[wire.url].login.accountId
}

describe.each(installedNodes())('on Node $version', ({ path: node }) => {
  const newShell = (): Shell => {
    const shell = new Shell({ url: wire.url, node })
    shells.push(shell)
    return shell
  }

  test('`idem client`: address, mail, code; from then on silence, when the session is over too', async () => {
    const [shell, address] = [newShell(), newAddress()]
    const talk = shell.open(['client'])
    await until(talk, 'Your email address:')
    talk.child.stdin?.write(`${address}\n`)
    await until(talk, 'Match code')
    talk.child.stdin?.write(`${codeIn(await mailTo(address))}\n`)
    // The process ends although its standard input stays open.
    expect(await talk.finished).toMatchObject({ exitCode: 0 })
    const again = await shell.run(['client'])
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    expect(again.stdout).toContain(`Signed in as ${address}`)
    idem.clock.advance(25 * 3600)
    shell.secondsAhead += 25 * 3600
    expect(await shell.run(['client'])).toMatchObject({ exitCode: 0 })
    const token = await shell.run(['token'])
    expect(token).toMatchObject({ exitCode: 0, stderr: '' })
    const { data } = await idem.askAs(token.stdout.trim(), '{ me { identities { subject } } }')
    expect(data.me.identities[0].subject).toBe(address)
  })

  test('the link is noticed by itself while nobody types', async () => {
    const [shell, address] = [newShell(), newAddress()]
    const talk = shell.open(['login', '--email', address])
    await until(talk, 'Match code')
    await pressButton(linkIn(await mailTo(address)), matchCodeIn(talk))
    expect(await talk.finished).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(address) })
  })

  test('Ctrl-C while it waits leaves nothing; the mail still serves who goes on with it', async () => {
    const [shell, address] = [newShell(), newAddress()]
    const talk = shell.open(['login', '--email', address])
    await until(talk, 'Match code')
    talk.child.kill('SIGINT')
    await talk.finished
    expect(talk.child.signalCode).toBe('SIGINT')
    expect(() => shell.config).toThrow()
    expect(await logIn(shell, address, 2)).toEqual(expect.any(String))
  })

  test('Ctrl-C in the middle of signing in: it ends with everything kept', async () => {
    const [shell, address] = [newShell(), newAddress()]
    const talk = shell.open(['login', '--email', address])
    await until(talk, 'Match code')
    wire.onNext('LinkIdentity', () => void talk.child.kill('SIGINT'))
    talk.child.stdin?.write(`${codeIn(await mailTo(address))}\n`)
    await talk.finished
    expect(talk.child.signalCode).toBe('SIGINT')
    const { login, emailKeys } = shell.config.servers[wire.url]
    expect(emailKeys).toMatchObject([{ address, publicKey: login.publicKey }])
    expect(await shell.run(['login', '--email', address])).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('a script asks, reads the mail, and goes on in another process', async () => {
    const [shell, address] = [newShell(), newAddress()]
    const { challenge } = await shell.ask(['login', '--email', address, '--no-wait'])
    const code = codeIn(await mailTo(address))
    const done = await shell.run(['login', '--challenge', challenge.id, '--code', code, '--json'])
    expect(JSON.parse(done.stdout)).toMatchObject({ provisioned: true })
    expect(await shell.ask(['login', '--email', address])).toMatchObject({ provisioned: false })
  })

  test('a new machine: the same account, and each machine its own key', async () => {
    const [shell, other, address] = [newShell(), newShell(), newAddress()]
    const id = await logIn(shell, address)
    expect(await logIn(other, address, 2)).toBe(id)
    const { keys } = await shell.ask(['keys', 'list'])
    expect(keys).toMatchObject([{ isOwn: true }, { isOwn: false }])
    await other.ask(['keys', 'remove', keys[0].publicKey])
    const lost = shell.open(['login', '--email', address])
    await until(lost, 'a mail is needed')
    lost.child.stdin?.write(`${codeIn(await mailTo(address, 3))}\n`)
    expect(await lost.finished).toMatchObject({ exitCode: 0 })
    expect((await shell.ask(['whoami'])).account.id).toBe(id)
  })

  test('a config that is damaged, and one that cannot be written, are told before any mail is sent', async () => {
    const [shell, address] = [newShell(), newAddress()]
    await shell.run(['status'])
    writeFileSync(shell.file('plain'), '')
    wire.forget()
    const run = await shell.run(['login', '--email', address, '--config', shell.file('plain/config.json')])
    expect(run).toMatchObject({ exitCode: 8, stdout: '' })
    expect(wire.operations).toEqual([])
  })
})

test('no output of these walks held a private key, a token or a link', () => {
  const written = shells.map((shell) => shell.written).join('')
  const pems = shells.flatMap((shell) => {
    try {
      const { emailKeys } = shell.config.servers[wire.url]
      return emailKeys.map(({ privateKey }: { privateKey: string }) => privateKey.split('\n')[1])
    } catch {
      return [] // the shell whose config could not be written
    }
  })
  expect(pems.length).toBeGreaterThan(4)
  for (const line of pems) expect(written).not.toContain(line)
  expect(written).not.toMatch(/idr_[\w-]{20}|eyJ[\w-]+\.[\w-]+\.[\w-]+|token=/)
})
