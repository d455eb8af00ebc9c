// The wire between a client and the real service: shows what passes, and can be interrupted.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startTestService, type TestService, type TestServiceOptions } from '../../support/start-service.js'

/** A GraphQL call that passed. */
export interface WireCall {
  /** Its name; of anything but a GraphQL call its path. */
  readonly operation: string
  readonly bearer: string | null
  readonly userAgent: string
  /** The whole body as it was sent. */
  readonly body: string
}

/** What may happen on the way: the call waits for it, and goes no further once it has answered. */
export type Incident = (call: WireCall, response: ServerResponse) => unknown

/** A network that fails: the line is cut in the middle of the call. */
export const hangUp: Incident = (_call, response) => response.destroy()

/** A gateway in front of the service that turns calls away by itself. */
export const turnAway =
  (status: number, retryAfterSeconds: number): Incident =>
  (_call, response) =>
    response.writeHead(status, { 'retry-after': String(retryAfterSeconds) }).end('<html>busy</html>')

/** A server that answers with the real challenge of the service at `url`, its text changed. */
export const altered =
  (url: string, change: (message: string) => string): Incident =>
  async (call, response) => {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: call.body,
    })
    const { data } = (await answer.json()) as { data: { issueChallenge: { id: string; message: string } } }
    const { id, message } = data.issueChallenge
    response.end(JSON.stringify({ data: { issueChallenge: { id, message: change(message) } } }))
  }

/** An address that passes everything on to the service behind it, and back. */
export class Wiretap {
  readonly calls: WireCall[] = []
  readonly #incidents = new Map<string, Incident>()
  readonly #incidentsOfAnswers = new Map<string, Incident>()

  #target = ''

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  /** A wire to a service that knows nothing of it. */
  static async to(target: string): Promise<Wiretap> {
    const tap = await Wiretap.open()
    tap.leadTo(target)
    return tap
  }

  /** A wire whose other end is not tied yet. */
  static async open(): Promise<Wiretap> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const tap = new Wiretap(`http://127.0.0.1:${port}`, server)
    server.on('request', (request, response) => {
      tap.#pass(request, response).catch(() => response.destroy()) // one end of the wire has gone
    })
    return tap
  }

  /** Ties the other end to the service at `target`. */
  leadTo(target: string): void {
    this.#target = target
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  /** The names of the operations that passed since the last `forget`. */
  get operations(): readonly string[] {
    return this.calls.map(({ operation }) => operation)
  }

  forget(): void {
    this.calls.length = 0
    this.#incidents.clear()
    this.#incidentsOfAnswers.clear()
  }

  /** Has something happen once, to the next call of this operation. */
  onNext(operation: string, incident: Incident): void {
    this.#incidents.set(operation, incident)
  }

  /** The same on the way back: the service has done what was asked, and its answer waits. */
  onNextAnswer(operation: string, incident: Incident): void {
    this.#incidentsOfAnswers.set(operation, incident)
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request)
    if (isGraphql(request)) this.calls.push(call)
    const incident = this.#incidents.get(call.operation)
    this.#incidents.delete(call.operation)
    await incident?.(call, response)
    if (response.writableEnded || response.destroyed) return
    const {
      authorization,
      accept,
      'user-agent': userAgent = '',
      'content-type': contentType,
    } = request.headers
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const { method = 'GET' } = request
    const answer = await fetch(`${this.#target}${request.url}`, {
      method,
      signal: gone.signal,
      headers: {
        'user-agent': userAgent,
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
        ...(accept === undefined ? {} : { accept }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(method === 'POST' ? { body: call.body } : {}),
    })
    const onAnswer = this.#incidentsOfAnswers.get(call.operation)
    this.#incidentsOfAnswers.delete(call.operation)
    await onAnswer?.(call, response)
    if (response.destroyed) return
    const type = answer.headers.get('content-type') ?? 'application/json'
    response.writeHead(answer.status, { 'content-type': type })
    for await (const chunk of answer.body ?? []) response.write(chunk)
    response.end()
  }
}

/** A service whose public address is a wire: everything that its clients say passes there. */
export const startTappedService = async (
  options: TestServiceOptions = {},
): Promise<{ readonly idem: TestService; readonly wire: Wiretap }> => {
  const wire = await Wiretap.open()
  const environment = { ...options.environment, IDEM_PUBLIC_URL: wire.url }
  const idem = await startTestService({ ...options, environment })
  wire.leadTo(idem.url)
  return { idem, wire }
}

const isGraphql = ({ url = '' }: IncomingMessage): boolean => url.startsWith('/graphql')

const readCall = async (request: IncomingMessage): Promise<WireCall> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const body = Buffer.concat(chunks).toString('utf8')
  const { authorization, 'user-agent': userAgent = '' } = request.headers
  const operation = isGraphql(request)
    ? (/(?:query|mutation|subscription) (\w+)/.exec(JSON.parse(body).query)?.[1] ?? '')
    : (request.url ?? '')
  return {
    operation,
    bearer: authorization?.replace('Bearer ', '') ?? null,
    userAgent,
    body,
  }
}
