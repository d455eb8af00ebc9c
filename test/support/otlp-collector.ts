// A collector of traces for tests: a real HTTP server that reads OTLP in protobuf.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A span that was delivered. */
export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string
  readonly name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number
  readonly attributes: Readonly<Record<string, unknown>>
  /** The ids of the traces that it points to. */
  readonly links: readonly string[]
  readonly events: number
  /** Attributes of the process. */
  readonly resource: Readonly<Record<string, unknown>>
}

/** What the collector does with a delivery. */
export type CollectorBehaviour = 'takes' | 'refuses' | 'hangs'

type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>

/** The fields of a message by number (protobuf's wire format): numbers, and everything else as bytes. */
const fieldsOf = (message: Buffer): Fields => {
  const fields = new Map<number, (Buffer | bigint)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at)
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const bytes = (length: number): Buffer => {
    at += length
    return message.subarray(at - length, at)
  }
  const read = (wireType: number): Buffer | bigint => {
    if (wireType === 0) return varint()
    if (wireType === 1) return bytes(8)
    if (wireType === 2) return bytes(Number(varint()))
    if (wireType === 5) return bytes(4)
    throw new Error(`wire type ${wireType}`)
  }
  while (at < message.length) {
    const tag = Number(varint())
    const known = fields.get(tag >> 3) ?? []
    fields.set(tag >> 3, [...known, read(tag & 7)])
  }
  return fields
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).flatMap((value) => (typeof value === 'bigint' ? [] : [fieldsOf(value)]))
const bytesOf = (fields: Fields, number: number): Buffer => {
  const value = fields.get(number)?.[0]
  return typeof value === 'object' ? value : Buffer.alloc(0)
}
const numberOf = (fields: Fields, number: number): number => Number(fields.get(number)?.[0] ?? 0n)

/** `AnyValue`: a text, a truth value, or a number; lists and maps are none of ours. */
const plain = (any: Fields | undefined): unknown => {
  if (any?.has(1)) return bytesOf(any, 1).toString()
  if (any?.has(2)) return any.get(2)?.[0] === 1n
  if (any?.has(3)) return numberOf(any, 3)
  throw new Error('an attribute that is neither text, truth value nor whole number')
}
const attributesOf = (fields: Fields, number: number): Record<string, unknown> =>
  Object.fromEntries(
    messages(fields, number).map((pair) => [bytesOf(pair, 1).toString(), plain(messages(pair, 2)[0])]),
  )

/** The spans of an `ExportTraceServiceRequest` (opentelemetry/proto/trace/v1/trace.proto). */
const spansOf = (body: Buffer): CollectedSpan[] =>
  messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const resource = messages(ofResource, 1).map((fields) => attributesOf(fields, 1))[0] ?? {}
    return messages(ofResource, 2)
      .flatMap((ofScope) => messages(ofScope, 2))
      .map((span) => ({
        traceId: bytesOf(span, 1).toString('hex'),
        spanId: bytesOf(span, 2).toString('hex'),
        parentSpanId: bytesOf(span, 4).toString('hex'),
        name: bytesOf(span, 5).toString(),
        kind: numberOf(span, 6),
        status: messages(span, 15).map((status) => numberOf(status, 3))[0] ?? 0,
        attributes: attributesOf(span, 9),
        links: messages(span, 13).map((link) => bytesOf(link, 1).toString('hex')),
        events: messages(span, 11).length,
        resource,
      }))
  })

/** A running collector on the loopback address. */
export class OtlpCollector {
  readonly spans: CollectedSpan[] = []
  /** Every delivery as it came, uncompressed, as text. */
  readonly bodies: string[] = []
  readonly headers: Readonly<Record<string, unknown>>[] = []
  behaviour: CollectorBehaviour = 'takes'
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        this.headers.push({ ...request.headers, path: request.url })
        if (this.behaviour === 'hangs') return
        if (this.behaviour === 'refuses')
          return void response.writeHead(403).end('no: secret-of-the-collector')
        const sent = Buffer.concat(chunks)
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
        this.bodies.push(body.toString('latin1'))
        this.spans.push(...spansOf(body))
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
      })
    })
  }

  /** Starts one that takes everything. */
  static async start(): Promise<OtlpCollector> {
    const collector = new OtlpCollector()
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve))
    return collector
  }

  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The first span of this name, among those of a trace if it is given. */
  find(name: string | RegExp, traceId: string | null = null): CollectedSpan {
    const found = this.spans.find(
      (span) =>
        (typeof name === 'string' ? span.name === name : name.test(span.name)) &&
        (traceId === null || span.traceId === traceId),
    )
    if (found === undefined)
      throw new Error(`no span ${name}; there are ${this.spans.map((span) => span.name).join(', ')}`)
    return found
  }

  /** The span above. */
  parentOf(span: CollectedSpan): CollectedSpan {
    const parent = this.spans.find(({ spanId }) => spanId === span.parentSpanId)
    if (parent === undefined) throw new Error(`${span.name} has no parent here`)
    return parent
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
