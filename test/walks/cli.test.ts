// The story of somebody at a terminal: `idem` as it was built, as processes of its own, beside a real service.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installedNodes, Shell } from '../rooms/cli/shell.js'
import { errorOf } from '../rooms/cli/try-cli.js'
import { closedAddress } from '../rooms/client/no-idem.js'
import { startTestService, type TestService } from '../support/start-service.js'

let idem: TestService
beforeAll(async () => {
  idem = await startTestService()
})
afterAll(() => idem.stop())

/** The private keys of these walks, as an output could hold them. */
const privateKeys: string[] = []
const shells: Shell[] = []

const rememberKey = (file: string): string => {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1, -2)
  privateKeys.push(...lines.filter((line) => line.length > 40))
  // A PKCS#8 key ends with its seed (RFC 8410 section 7).
  const seed = Buffer.from(lines.join(''), 'base64').subarray(-32)
  privateKeys.push(seed.toString('hex'), seed.toString('base64'), seed.toString('base64url'))
  return file
}

const makeKey: Record<string, (shell: Shell) => Promise<string> | string> = {
  'idem keygen': async (shell) => {
    const { privateKeyFile } = await shell.ask(['keygen', '--out', 'ada.pem'])
    return privateKeyFile
  },
  'openssl genpkey': (shell) => {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', shell.file('ada.pem')])
    return shell.file('ada.pem')
  },
  'ssh-keygen': (shell) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', shell.file('ada.pem')])
    return shell.file('ada.pem')
  },
}

let count = 0
const newHandle = (): string => `ada${++count}`

/** What the service says of a token that was printed. */
const whoHas = async (token: string) => {
  const { status, data } = await idem.askAs(token.trim(), '{ me { id handle } session { deviceName } }')
  return { status, me: data?.me }
}

describe.each(installedNodes())('on Node $version', ({ path: node }) => {
  const newShell = (): Shell => {
    const shell = new Shell({ url: idem.url, node })
    shells.push(shell)
    return shell
  }
  /** Time passes, at the service and on the machine. */
  const pass = (shell: Shell, minutes: number) => {
    idem.clock.advance(minutes * 60)
    shell.secondsAhead += minutes * 60
  }
  const signedIn = async (): Promise<{ shell: Shell; handle: string; file: string; id: string }> => {
    const [shell, handle] = [newShell(), newHandle()]
    const file = rememberKey((await shell.ask(['keygen', '--out', 'ada.pem'])).privateKeyFile)
    const { account } = await shell.ask(['login', '--handle', handle, '--private-key', file])
    return { shell, handle, file, id: account.id }
  }

  test.each(Object.keys(makeKey))('a key of `%s`: login, whoami, status, token', async (tool) => {
    const [shell, handle] = [newShell(), newHandle()]
    const file = rememberKey((await makeKey[tool]?.(shell)) ?? '')
    const login = await shell.run(['login', '--handle', handle, '--private-key', file])
    expect(login).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`Registered and signed in as ${handle}`),
    })
    const { account, session } = await shell.ask(['whoami'])
    expect(account).toMatchObject({ handle, kind: 'PERSON', identities: [{ method: 'key' }] })
    expect(session.deviceName).toMatch(/^idem-cli /)
    expect(await shell.ask(['status'])).toMatchObject({
      reachable: true,
      signedIn: true,
      account: { handle },
    })
    const token = await shell.run(['token'])
    expect(token).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/),
      stderr: '',
    })
    expect(await whoHas(token.stdout)).toEqual({ status: 200, me: { id: account.id, handle } })
  })

  test('time passes: a token is refreshed, then the session is opened again by the remembered key', async () => {
    const { shell, id } = await signedIn()
    const first = await shell.run(['token'])
    pass(shell, 26)
    expect((await whoHas(first.stdout)).status).toBe(401)
    const refreshed = await shell.run(['token'])
    expect(refreshed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await whoHas(refreshed.stdout)).toMatchObject({ status: 200, me: { id } })
    pass(shell, 31)
    const renewed = await shell.run(['token'])
    expect(renewed).toMatchObject({ exitCode: 0, stderr: 'The session was over: signed in again.\n' })
    expect(await whoHas(renewed.stdout)).toMatchObject({ status: 200, me: { id } })
  })

  test('the keychain: a second key is added after a step-up, listed, signs in, and is removed', async () => {
    const { shell, handle, file, id } = await signedIn()
    const second = rememberKey((await shell.ask(['keygen', '--out', 'laptop.pem'])).privateKeyFile)
    pass(shell, 11)
    const added = await shell.run(['keys', 'add', '--private-key', second, '--label', 'laptop'])
    expect(added).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('recent proof') })
    const { keys } = await shell.ask(['keys', 'list'])
    expect(keys).toMatchObject([{ isOwn: true }, { label: 'laptop', isOwn: false }])
    const other = newShell()
    expect((await other.ask(['login', '--handle', handle, '--private-key', second])).account.id).toBe(id)
    expect(await shell.ask(['keys', 'remove', 'laptop'])).toMatchObject({ signedOut: false })
    expect(await other.run(['whoami'])).toMatchObject({ exitCode: 3 })
    expect(await other.run(['login', '--handle', handle, '--private-key', second])).toMatchObject({
      exitCode: 5,
    })
    expect((await shell.ask(['login', '--private-key', file])).account.id).toBe(id)
  })

  test('logout ends the session at the server, and nothing signs in by itself again', async () => {
    const { shell } = await signedIn()
    const token = await shell.run(['token'])
    expect(await shell.ask(['logout'])).toMatchObject({ wasSignedIn: true, endedAtServer: true })
    expect((await whoHas(token.stdout)).status).toBe(401)
    const after = await shell.run(['token', '--json'])
    expect(after).toMatchObject({ exitCode: 3, stdout: '' })
    expect(errorOf(after)).toMatchObject({ code: 'SIGNED_OUT' })
  })

  test("Space and Time's own spelling signs in, with a warning about the key on the command line", async () => {
    const [shell, handle] = [newShell(), newHandle()]
    const seed = crypto.getRandomValues(Buffer.alloc(32))
    privateKeys.push(seed.toString('base64'), seed.toString('hex'))
    const login = ['authenticate', 'login', `--url=${idem.url}`, `--userId=${handle}`]
    const byValue = await shell.run([...login, `--privateKey=${seed.toString('base64')}`])
    expect(byValue.exitCode).toBe(0)
    expect(byValue.stderr).toContain('warning: a private key on the command line shows in the process list')
    const [{ subject: publicKey }] = (await shell.ask(['whoami'])).account.identities
    writeFileSync(shell.file('ada.key'), seed.toString('base64'), { mode: 0o600 })
    const byFile = await shell.ask([...login, `--publicKey=${publicKey}`, '--privateKey=ada.key'])
    expect(byFile).toMatchObject({ provisioned: false, account: { handle } })
  })

  test('two shells at once refresh once between them, and five as well', async () => {
    const { shell } = await signedIn()
    for (const shellsAtOnce of [2, 5]) {
      // Not by a clock that is ahead of that of the files: the age of a lock would be wrong for a moment.
      idem.clock.advance(26 * 60)
      shell.receiveEarlier(26 * 60)
      const lines = idem.logLines.length
      const runs = await Promise.all(Array.from({ length: shellsAtOnce }, () => shell.run(['token'])))
      const { accessToken } = shell.config.servers[idem.url].tokens
      for (const run of runs) expect(run).toEqual({ exitCode: 0, stdout: `${accessToken}\n`, stderr: '' })
      expect(idem.logLines.slice(lines).filter((line) => line.includes('"request"'))).toHaveLength(1)
    }
  })

  test('a guest comes back to the same account, after a logout too', async () => {
    const shell = newShell()
    const { account } = await shell.ask(['login', '--guest'])
    await shell.ask(['logout'])
    const again = await shell.ask(['login', '--guest'])
    expect(again).toMatchObject({ provisioned: false, account: { id: account.id, kind: 'ANONYMOUS' } })
    pass(shell, 31)
    expect((await shell.ask(['whoami'])).account.id).toBe(account.id)
    privateKeys.push(shell.config.servers[idem.url].deviceSecret)
  })

  test("somebody else's key does not open a handle, and is not joined to it: 5", async () => {
    const { handle, id } = await signedIn()
    const eve = newShell()
    const file = rememberKey((await eve.ask(['keygen', '--out', 'eve.pem'])).privateKeyFile)
    const run = await eve.run(
      ['login', '--handle', handle, '--private-key', '-', '--json'],
      readFileSync(file, 'utf8'),
    )
    expect(run.exitCode).toBe(5)
    expect(errorOf(run)).toMatchObject({ code: 'PROOF_REJECTED', next: expect.stringContaining('right key') })
    expect((await eve.ask(['login', '--private-key', file])).account.id).not.toBe(id)
  })

  test('no server, no answer: 4', async () => {
    const shell = new Shell({ url: await closedAddress(), node })
    const run = await shell.run(['login', '--guest', '--json'])
    expect(run).toMatchObject({ exitCode: 4, stdout: '' })
    expect(errorOf(run)).toMatchObject({ code: 'UNREACHABLE', next: expect.stringContaining('npm start') })
  })
})

test('no output of these walks held a private key, a refresh token or a token not asked for', () => {
  const written = shells.map((shell) => shell.written).join('')
  expect(privateKeys.length).toBeGreaterThan(20)
  for (const secret of privateKeys) {
    expect(secret.length).toBeGreaterThan(40)
    expect(written).not.toContain(secret)
  }
  expect(written).not.toMatch(/idr_[\w-]{20}/)
  expect(written).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)
})
