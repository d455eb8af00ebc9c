// A TCP proxy in front of PostgreSQL, which can cut, block and restore the connection, and lead to another server.
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A proxy. */
export class TcpProxy {
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  /** While true, bytes are accepted and not forwarded, so that the server seems to hang. */
  #frozen = false
  /** While true, connections are accepted and lead nowhere for ever. */
  #isSilent = false

  private constructor(
    private target: URL,
    private readonly port: number,
  ) {}

  /** A proxy to the server of `databaseUrl`, on a port that must be free. */
  static async start(databaseUrl: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(databaseUrl), port)
    await proxy.mend()
    return proxy
  }

  /** The database through the proxy. */
  get url(): string {
    const url = new URL(this.target)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  /** Leads new connections to another server; those that are open stay where they are. */
  switchTo(databaseUrl: string): void {
    this.target = new URL(databaseUrl)
    this.#isSilent = false
  }

  /** Breaks all connections and refuses new ones. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = null
    const closed = new Promise<void>((resolve) =>
      server === null ? resolve() : server.close(() => resolve()),
    )
    this.breakConnections()
    await closed
  }

  /** Breaks all connections; new ones are accepted. */
  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Keeps the connections but forwards nothing. */
  freeze(): void {
    this.#frozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** The server is never heard of again, as after a loss of power; nor are new connections, before `switchTo`. */
  silence(): void {
    this.#isSilent = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** Accepts connections (again) and forwards everything. */
  async mend(): Promise<void> {
    this.#frozen = false
    for (const socket of this.#sockets) socket.resume()
    if (this.#server !== null) return
    const server = createServer((inward) => this.#join(inward))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, '127.0.0.1', resolve)
    })
  }

  #join(inward: Socket): void {
    if (this.#isSilent) {
      this.#swallow(inward)
      return
    }
    const outward = connect(Number(this.target.port), this.target.hostname)
    for (const [from, to] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#frozen) from.pause()
    }
  }

  #swallow(inward: Socket): void {
    this.#sockets.add(inward)
    inward.on('error', () => undefined)
    inward.on('close', () => this.#sockets.delete(inward))
    inward.resume()
  }
}
