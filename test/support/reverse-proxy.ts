// Runs nginx or Caddy in front of a service, as an unprivileged user, with the configuration that the documents show.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { freePort } from './start-service.js'

/** The host name in the documents. */
export const proxiedHost = 'id.example.org'
/** Time limit of a start, in milliseconds: long enough for a busy machine. */
const startMilliseconds = 30_000
/** The user `nobody` of Debian, if the tests run as root. */
const nobody = 65_534
const isRoot = process.getuid?.() === 0

/** A proxy that can be tried. */
export type ProxyName = 'nginx' | 'caddy'

/** The program on the PATH or in /usr/sbin; null if it is not installed. */
export const findProxy = (name: ProxyName): string | null =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null

/** Replaces what is of the machine; each of it must be there. */
const adapted = (configuration: string, replacements: Readonly<Record<string, string>>): string => {
  let text = configuration
  for (const [shown, own] of Object.entries(replacements)) {
    if (!text.includes(shown)) throw new Error(`the configuration has no ${shown}`)
    text = text.replaceAll(shown, own)
  }
  return text
}

/** Where a proxy runs, and what for. */
interface Plan {
  readonly directory: string
  readonly port: number
  readonly servicePort: string
  readonly configuration: string
}

/** Writes the configuration; returns the command's words and the file of the authority of its certificate. */
const prepare: Readonly<Record<ProxyName, (plan: Plan) => Promise<{ words: string[]; authority: string }>>> =
  {
    nginx: async ({ directory, port, servicePort, configuration }) => {
      const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'certificate.key')]
      const words = [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${proxiedHost}`,
      ]
      const names = ['-addext', `subjectAltName=DNS:${proxiedHost}`, '-keyout', key, '-out', certificate]
      execFileSync('openssl', [...words, ...names], { stdio: 'ignore' })
      if (isRoot) await chown(key, nobody, nobody)
      const server = adapted(configuration, {
        '127.0.0.1:4000': `127.0.0.1:${servicePort}`,
        'listen 443': `listen 127.0.0.1:${port}`,
        '/etc/ssl/id.example.org.pem': certificate,
        '/etc/ssl/id.example.org.key': key,
      })
      const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const paths = folders.map((name) => `${name}_temp_path ${join(directory, name)};`).join(' ')
      const file = join(directory, 'nginx.conf')
      await writeFile(file, `events {}\nhttp {\naccess_log off; ${paths}\n${server}}\n`)
      const pid = `pid ${join(directory, 'nginx.pid')}; daemon off;`
      return { words: ['-e', 'stderr', '-p', directory, '-c', file, '-g', pid], authority: certificate }
    },
    caddy: async ({ directory, port, servicePort, configuration }) => {
      const options = [
        'admin off',
        'local_certs',
        'skip_install_trust',
        'default_bind 127.0.0.1',
        `https_port ${port}`,
        `http_port ${await freePort()}`,
      ]
      const site = adapted(configuration, { '127.0.0.1:4000': `127.0.0.1:${servicePort}` })
      const file = join(directory, 'Caddyfile')
      await writeFile(file, `{\n\t${options.join('\n\t')}\n}\n${site}`)
      const authority = join(directory, 'data/caddy/pki/authorities/local/root.crt')
      return { words: ['run', '--adapter', 'caddyfile', '--config', file], authority }
    },
  }

/** A request to the proxy. */
export interface ProxiedRequest extends Pick<RequestOptions, 'method' | 'headers'> {
  readonly body?: string
  /** The client's own address, one of 127.0.0.0/8 other than the proxy's. */
  readonly from?: string
}

/** What a proxy is started with. */
export interface ProxyOptions {
  readonly program: string
  /** The configuration as the document shows it. */
  readonly configuration: string
  /** The service in this machine that it is in front of. */
  readonly serviceUrl: string
}

/** A running proxy. */
export class ReverseProxy {
  #stderr = ''

  private constructor(
    private readonly child: ChildProcess,
    private readonly plan: Plan,
    private readonly authority: string,
  ) {
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
    })
  }

  /** Starts it in front of the service at this URL, and waits until it accepts connections. */
  static async start(
    name: ProxyName,
    { program, configuration, serviceUrl }: ProxyOptions,
  ): Promise<ReverseProxy> {
    const directory = await mkdtemp(join(tmpdir(), `idem-${name}-`))
    await chmod(directory, 0o755)
    if (isRoot) await chown(directory, nobody, nobody)
    const servicePort = new URL(serviceUrl).port
    const plan = { directory, port: await freePort(), servicePort, configuration }
    const { words, authority } = await prepare[name](plan)
    const child = spawn(program, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: directory,
      env: {
        HOME: directory,
        XDG_DATA_HOME: join(directory, 'data'),
        XDG_CONFIG_HOME: join(directory, 'config'),
      },
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    })
    const proxy = new ReverseProxy(child, plan, authority)
    await proxy.#started()
    return proxy
  }

  /** A TLS connection of a client. */
  async connect(options: { readonly from?: string; readonly protocol?: string } = {}): Promise<TLSSocket> {
    const localAddress = options.from ?? '127.0.0.2'
    const plain = connectPlain({ host: '127.0.0.1', port: this.plan.port, localAddress })
    await once(plain, 'connect')
    const socket = connect({
      socket: plain,
      servername: proxiedHost,
      ca: await readFile(this.authority),
      ALPNProtocols: [options.protocol ?? 'http/1.1'],
    })
    await once(socket, 'secureConnect')
    return socket
  }

  /** The answer, before its body is read; each request has a connection of its own. */
  async ask(path: string, { method, headers, body, from }: ProxiedRequest = {}): Promise<IncomingMessage> {
    const socket = await this.connect(from === undefined ? {} : { from })
    const call = request({
      createConnection: () => socket,
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { host: proxiedHost, 'content-type': 'application/json', ...headers },
    })
    call.on('error', () => undefined)
    call.end(body)
    const [response]: IncomingMessage[] = await once(call, 'response')
    if (response === undefined) throw new Error('no response')
    response.on('error', () => undefined)
    return response
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    const closed = once(this.child, 'close')
    if (this.child.kill('SIGTERM')) await closed
    await rm(this.plan.directory, { recursive: true, force: true })
  }

  async #started(): Promise<void> {
    const deadline = performance.now() + startMilliseconds
    for (;;) {
      const socket = await this.connect().catch(() => null)
      if (socket !== null) return void socket.destroy()
      if (this.child.exitCode !== null || performance.now() > deadline) {
        await this.stop()
        throw new Error(`the proxy does not answer: ${this.#stderr}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
