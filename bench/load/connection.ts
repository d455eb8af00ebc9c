// A keep-alive connection with one request at a time. At the same rate it uses half of autocannon's processor time.
import { connect, type Socket } from 'node:net'

/** The request was refused or not answered. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Time limit of an answer, in milliseconds. */
const answerMilliseconds = 10_000
/** Longest part of a refusal that is shown, in characters. */
const shownLength = 1_000
const statusAt = 'HTTP/1.1 '.length
const headEnd = '\r\n\r\n'

const host = '127.0.0.1'

interface HttpAnswer {
  readonly status: string
  readonly body: string
  /** Its length in bytes. */
  readonly end: number
}

/** Parses an answer, which has a Content-Length from both servers. Null while it is incomplete. */
const firstAnswer = (received: Buffer): HttpAnswer | null => {
  const headLength = received.indexOf(headEnd)
  if (headLength === -1) return null
  const head = received.toString('latin1', 0, headLength)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) return { status: 'without content-length', body: head, end: received.length }
  const status = head.slice(statusAt, statusAt + 3)
  const start = headLength + headEnd.length
  const end = start + Number(length)
  return received.length < end ? null : { status, body: received.toString('utf8', start, end), end }
}

/** Sends one request at a time. */
export class Connection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<string> | null = null
  #failure: Refused | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(answerMilliseconds)
    socket.on('data', (chunk) => this.#receive(chunk))
    socket.on('timeout', () => this.#waiting && this.#fail(`no answer within ${answerMilliseconds} ms`))
    socket.on('error', (error) => this.#fail(error.message))
    socket.on('close', () => this.#fail('the server closed the connection'))
  }

  /** Connects to a port of this machine. */
  static async open(port: number): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const socket = connect({ port, host })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(new Connection(socket))
    })
    return await promise
  }

  /** The body of the answer to `request`, which must be of status 200. Throws `Refused`. */
  async ask(request: string): Promise<string> {
    if (this.#failure !== null) throw this.#failure
    this.#waiting = Promise.withResolvers<string>()
    this.#socket.write(request)
    return await this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Answers nearly always arrive in one piece, which avoids copying. */
  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const answer = firstAnswer(this.#received)
    if (answer === null) return
    this.#received = this.#received.subarray(answer.end)
    if (answer.status === '200') this.#waiting?.resolve(answer.body)
    else this.#fail(`HTTP ${answer.status}: ${answer.body.slice(0, shownLength)}`)
  }

  #fail(reason: string): void {
    this.#failure ??= new Refused(reason)
    this.#waiting?.reject(this.#failure)
    this.#socket.destroy()
  }
}

/** A GraphQL request with a constant document, to be sent repeatedly with different variables. */
export class GraphqlRequest {
  readonly #prefix: string

  /** `answer` is the beginning of the body of a successful answer. */
  constructor(
    query: string,
    private readonly answer: string,
  ) {
    this.#prefix = `{"query":${JSON.stringify(query)},"variables":`
  }

  /** The text of the request, as one client sends it. */
  text(variables: object, accessToken: string | null): string {
    const body = `${this.#prefix}${JSON.stringify(variables)}}`
    const bearer = accessToken === null ? '' : `authorization: Bearer ${accessToken}\r\n`
    return (
      `POST /graphql HTTP/1.1\r\nhost: ${host}\r\nuser-agent: idem-bench\r\naccept: application/json\r\n` +
      `content-type: application/json\r\n${bearer}content-length: ${Buffer.byteLength(body)}${headEnd}${body}`
    )
  }

  /** Sends a request's text and returns the body of its answer. Throws `Refused` for any other answer. */
  async send(connection: Connection, text: string): Promise<string> {
    const body = await connection.ask(text)
    if (!body.startsWith(this.answer)) throw new Refused(body.slice(0, shownLength).trim())
    return body
  }
}

/** A GET of a path, for values that are read beside the measurement. */
export const get = (connection: Connection, path: string): Promise<string> =>
  connection.ask(`GET ${path} HTTP/1.1\r\nhost: ${host}${headEnd}`)
