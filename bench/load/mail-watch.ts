// Receives from the mail sink the address and code of each mail that it accepted.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { Refused } from './connection.js'

/** A mail that has not arrived after this time counts as lost, in milliseconds. */
const patienceMilliseconds = 30_000

interface Waiting {
  readonly timer: NodeJS.Timeout
  readonly mail: PromiseWithResolvers<string>
}

/** Receives a message for each mail that the sink accepts. */
export class MailWatch {
  readonly #waiting = new Map<string, Waiting>()

  private constructor(
    private readonly socket: Socket,
    lines: Interface,
  ) {
    lines.on('line', (line) => this.#hear(line))
  }

  /** Connects to the sink's second port. */
  static async open(port: number): Promise<MailWatch> {
    const socket = connect({ port, host: '127.0.0.1' })
    const lines = createInterface({ input: socket })
    // After the sink's greeting no mail is missed.
    await once(lines, 'line')
    return new MailWatch(socket, lines)
  }

  /**
   * The code of the next mail to `address`; call it before requesting the mail. Rejects with `Refused` if none arrives.
   */
  async next(address: string): Promise<string> {
    const mail = Promise.withResolvers<string>()
    const late = (): void => {
      this.#waiting.delete(address)
      mail.reject(new Refused(`no mail to ${address} within ${patienceMilliseconds} ms`))
    }
    this.#waiting.set(address, { mail, timer: setTimeout(late, patienceMilliseconds) })
    return await mail.promise
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.socket.destroy()
  }

  #hear(line: string): void {
    const [address = '', code = ''] = line.split(' ')
    const waiting = this.#waiting.get(address)
    if (waiting === undefined) return
    this.#waiting.delete(address)
    clearTimeout(waiting.timer)
    waiting.mail.resolve(code)
  }
}
