// docs/operations.md: nginx and Caddy in front, as the document configures them; streams, limits and what stays inside.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { millisecondsUntil } from '../support/calls.js'
import { EventStream } from '../support/event-stream.js'
import { KeyOwner } from '../support/key-owner.js'
import { block, production, serving } from '../support/operations.js'
import { createDatabase, freePort, MovableClock, TestService } from '../support/start-service.js'

/** Where Debian installs them. */
const [nginx, caddy] = ['/usr/sbin/nginx', '/usr/bin/caddy']
const isRequired = process.env['CI'] !== undefined
const isInstalled = (program: string): boolean => {
  try {
    execFileSync(program, [program === caddy ? 'version' : '-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const folderOf = async (name: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), `idem-${name}-`))
  // The workers of nginx are another user than root.
  await chmod(folder, 0o711)
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

const untilServed = async (url: string, child: ChildProcess): Promise<void> => {
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'close')
  })
  await millisecondsUntil(
    20_000,
    async () =>
      await fetch(url).then(
        () => true,
        () => false,
      ),
  )
}

/** Starts nginx with the document's block, without TLS, on a free port. */
const startNginx = async (target: string): Promise<string> => {
  const [folder, port] = [await folderOf('nginx'), await freePort()]
  const served = block('A reverse proxy', 0)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_certificate.*$/gm, '')
    .replace('127.0.0.1:4000', new URL(target).host)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  const file = join(folder, 'nginx.conf')
  await writeFile(
    file,
    `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${served}}\n`,
  )
  const child = spawn(nginx, ['-p', folder, '-c', file, '-g', 'daemon off;'], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await untilServed(url, child)
  return url
}

/** Starts Caddy with the document's block, without TLS, on a free port. */
const startCaddy = async (target: string): Promise<string> => {
  const [folder, port] = [await folderOf('caddy'), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const served = block('A reverse proxy', 1)
    .replace('id.example.org', url)
    .replace('127.0.0.1:4000', new URL(target).host)
  const file = join(folder, 'Caddyfile')
  await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${served}`)
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(caddy, ['run', '--config', file, '--adapter', 'caddyfile'], { stdio: 'ignore', env })
  await untilServed(url, child)
  return url
}

describe.each([
  { name: 'nginx', program: nginx, start: startNginx },
  { name: 'caddy', program: caddy, start: startCaddy },
])('behind $name', ({ name, program, start }) => {
  test.skipIf(!isInstalled(program) && !isRequired)(`all goes through (needs ${name})`, async () => {
    const environment = { ...production(await createDatabase()), IDEM_TRUSTED_PROXIES: '127.0.0.1' }
    await serving(environment, async (direct) => {
      const url = await start(direct.url)
      const idem = new TestService(url, direct.databaseUrl, new MovableClock(), null, [])
      const owner = new KeyOwner(idem)
      const challenge = await owner.challenge()
      // The first state comes at once, although the stream goes on.
      const stream = await EventStream.watch(idem, challenge.id)
      await stream.until('PENDING null')
      const signIn = await idem.ask(
        'mutation ($input: SignInInput!) { signIn(input: $input) { account { id } } }',
        { input: owner.answer(challenge) },
      )
      expect(signIn.errors).toEqual([])
      stream.leave()
      expect((await fetch(`${url}/.well-known/jwks.json`)).status).toBe(200)
      expect((await fetch(`${url}/confirm?token=x`)).headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
      for (const inside of ['/metrics', '/healthz', '/readyz', '/Graphql', '/graphql/', '//metrics'])
        expect({ inside, status: (await fetch(`${url}${inside}`, { redirect: 'manual' })).status }).toEqual({
          inside,
          status: 404,
        })
    })
  })
})
