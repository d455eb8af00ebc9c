// An SMTP server for tests: a separate process, whose acknowledged mails a test can read.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import PostalMime, { type Email } from 'postal-mime'
import type {
  SmtpBehaviour,
  SmtpOrder,
  SmtpProcessOptions,
  SmtpReport,
  SpooledMail,
} from './smtp-server-process.js'

export type { SmtpBehaviour } from './smtp-server-process.js'

const program = path.resolve(import.meta.dirname, 'smtp-server-process.ts')
/** Default time limit of `waitFor`, in milliseconds. */
const patienceMilliseconds = 20_000

/** Options of the server. */
export type SmtpServerOptions = Omit<Partial<SmtpProcessOptions>, 'spool'>

/** An acknowledged mail. */
export interface ReceivedMail {
  /** Its position among all of them, from 0. */
  readonly at: number
  /** The recipient and sender of the envelope. */
  readonly to: string
  readonly envelopeFrom: string
  /** Whether it came in over TLS. */
  readonly secure: boolean
  /** From the header: `Name <address>`, or only the address. */
  readonly from: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly messageId: string
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly raw: string
}

const textOf = (address: Email['from']): string =>
  address === undefined
    ? ''
    : address.name === ''
      ? (address.address ?? '')
      : `${address.name} <${address.address}>`

const parse = async ({ from, to, secure, raw }: SpooledMail, at: number): Promise<ReceivedMail> => {
  const mail = await PostalMime.parse(raw)
  return {
    at,
    to,
    envelopeFrom: from,
    secure,
    from: textOf(mail.from),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    messageId: mail.messageId ?? '',
    headers: new Map(mail.headers.map(({ key, value }) => [key, value])),
    raw,
  }
}

/** A running SMTP server on the loopback address. */
export class SmtpServer {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'idem-smtp-'))
  /** All acknowledged mails since the first start, duplicates included. */
  readonly #mails: SpooledMail[] = []
  /** Their positions by recipient. */
  readonly #placesOf = new Map<string, number[]>()
  readonly #parsed = new Map<number, Promise<ReceivedMail>>()
  #spoolRead = 0
  #child: ChildProcess | null = null
  #port: number
  /** The last order. Orders are sent one at a time, so that each gets its own answer. */
  #lastOrder: Promise<unknown> = Promise.resolve()

  private constructor(private readonly options: SmtpServerOptions) {
    this.#port = options.port ?? 0
  }

  /** A server that accepts every mail, until `behave` says otherwise. */
  static async start(options: SmtpServerOptions = {}): Promise<SmtpServer> {
    const server = new SmtpServer(options)
    await server.restart()
    return server
  }

  get port(): number {
    return this.#port
  }

  /** For `SMTP_URL`. */
  get url(): string {
    const { credentials, tls } = this.options
    const user = credentials === undefined ? '' : `${credentials.user}:${credentials.password}@`
    const query = tls === undefined ? '' : '?tls.rejectUnauthorized=false'
    return `${tls === 'implicit' ? 'smtps' : 'smtp'}://${user}127.0.0.1:${this.#port}${query}`
  }

  /** Changes the behaviour, for mails to one recipient, or for all, which resets those of single recipients. */
  async behave(behaviour: SmtpBehaviour, recipient: string | null = null): Promise<void> {
    await this.#tell({ order: 'behave', behaviour, recipient })
  }

  /** Connections since the last start. */
  async connections(): Promise<number> {
    return (await this.#tell({ order: 'report' })).connections
  }

  /** The number of acknowledged mails, to one address or in total. Duplicates count. */
  count(address: string | null = null): number {
    this.#readSpool()
    return address === null ? this.#mails.length : (this.#placesOf.get(address)?.length ?? 0)
  }

  /** How often each Message-ID was acknowledged. Does not parse the mails, so it is fast for thousands. */
  countByMessageId(): Map<string, number> {
    this.#readSpool()
    const counts = new Map<string, number>()
    for (const { raw } of this.#mails) {
      const id = /^Message-ID:\s*(<[^>]+>)/im.exec(raw)?.[1] ?? ''
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return counts
  }

  /** The acknowledged mails in their order, to one address or to all. */
  async received(address: string | null = null): Promise<ReceivedMail[]> {
    this.#readSpool()
    const places = address === null ? this.#mails.keys() : (this.#placesOf.get(address) ?? [])
    return await Promise.all(Array.from(places, (at) => this.#parseOnce(at)))
  }

  /** Waits for the first mail to `address` for which `isWanted`. */
  async waitFor(
    address: string,
    isWanted: (mail: ReceivedMail) => boolean = () => true,
    milliseconds = patienceMilliseconds,
  ): Promise<ReceivedMail> {
    const deadline = performance.now() + milliseconds
    for (;;) {
      const found = (await this.received(address)).find(isWanted)
      if (found !== undefined) return found
      if (performance.now() > deadline)
        throw new Error(`no such mail to ${address}; it got ${this.count(address)}, all got ${this.count()}`)
      await setTimeout(10)
    }
  }

  /** Stops it if it runs, and starts it on its port. Received mails are kept, behaviours are reset. */
  async restart(): Promise<void> {
    await this.#end('SIGKILL')
    mkdirSync(this.#folder, { recursive: true })
    const options = { ...this.options, port: this.#port, spool: this.#spoolFile }
    const child = fork(program, [JSON.stringify(options)], {
      execPath: process.execPath,
      // Without the options of the test runner.
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    this.#port = (await this.#answer(child)).port
  }

  /** Stops it. Received mails can still be read, and `restart` starts it again. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#end(signal)
    this.#readSpool()
    rmSync(this.#folder, { recursive: true, force: true })
    this.#spoolRead = 0
  }

  get #spoolFile(): string {
    return path.join(this.#folder, 'spool')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  async #parseOnce(at: number): Promise<ReceivedMail> {
    const known = this.#parsed.get(at)
    const mail = this.#mails[at]
    if (known !== undefined) return await known
    if (mail === undefined) throw new Error(`there is no mail ${at}`)
    const parsed = parse(mail, at)
    this.#parsed.set(at, parsed)
    return await parsed
  }

  /** Reads new lines of the spool; an incomplete line is left for the next call. */
  #readSpool(): void {
    const fresh = this.#freshBytes()
    const end = fresh.lastIndexOf('\n') + 1
    this.#spoolRead += end
    for (const line of fresh.subarray(0, end).toString().split('\n')) {
      if (line === '') continue
      const mail: SpooledMail = JSON.parse(line)
      const places = this.#placesOf.get(mail.to) ?? []
      this.#placesOf.set(mail.to, [...places, this.#mails.length])
      this.#mails.push(mail)
    }
  }

  #freshBytes(): Buffer {
    if (!existsSync(this.#spoolFile)) return Buffer.alloc(0)
    const file = openSync(this.#spoolFile, 'r')
    try {
      const fresh = Buffer.alloc(Math.max(0, fstatSync(file).size - this.#spoolRead))
      readSync(file, fresh, 0, fresh.length, this.#spoolRead)
      return fresh
    } finally {
      closeSync(file)
    }
  }

  async #tell(order: SmtpOrder): Promise<SmtpReport> {
    const answered = this.#lastOrder.then(() => this.#tellNow(order))
    this.#lastOrder = answered.catch(() => undefined)
    return await answered
  }

  async #tellNow(order: SmtpOrder): Promise<SmtpReport> {
    if (this.#child === null) throw new Error('the SMTP server is stopped')
    const answer = this.#answer(this.#child)
    this.#child.send(order)
    return await answer
  }

  async #answer(child: ChildProcess): Promise<SmtpReport> {
    return await new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the SMTP server ended with ${code}`))
      child.once('exit', onExit)
      child.once('message', (report: SmtpReport) => {
        child.off('exit', onExit)
        resolve(report)
      })
    })
  }
}
