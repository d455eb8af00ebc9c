// The traces of a process: spans of requests, use cases, statements, jobs and mails (OpenTelemetry).
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { Failure } from '../failure.js'

/** What is known of a span before it begins. Attributes have the names of the semantic conventions, and no secrets. */
export interface SpanFacts {
  readonly name: string
  /** Who waits for whom: we for a server, a client for us, nobody (a job), or a part of us for another. */
  readonly kind: 'client' | 'server' | 'consumer' | 'internal'
  readonly attributes: Attributes
  /** True for errors that are an outcome and no failure. */
  readonly isOutcome?: (error: unknown) => boolean
}

/** Where a span comes from that begins in this process. */
export interface Origin {
  /** Idem's id of the request or the job; an attribute of all spans below. */
  readonly requestId: string
  /** The `traceparent` of the span that asked for this one, which is continued; null for none. */
  readonly parent: string | null
  /** The `traceparent` of a span that is only pointed to, because whoever sent it is not believed; null for none. */
  readonly link: string | null
}

/** What `Traces` needs. */
export interface TracesNeeds {
  readonly tracer: Tracer
  /** Parses a `traceparent` (W3C Trace Context 3.2); null if it is malformed. */
  readonly parse: (traceparent: string) => SpanContext | null
  /** Delivers the spans that have ended, within a time limit. */
  readonly close: () => Promise<void>
}

/** The span under way, and the request that it belongs to. */
interface Scope {
  readonly context: Context
  readonly requestId: string
}

const kinds = {
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const

/** A `traceparent` of version 0 has 55 characters; later versions may have more. */
const longestTraceparent = 100

/** The code of an error: of our list, an SQLSTATE, or of the operating system. Never its message, which may quote input. */
const typeOf = (error: unknown): string => {
  if (error instanceof Failure) return error.code
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' && /^[A-Z\d_]{1,40}$/.test(error.code)
    ? error.code
    : error.name
}

/** True for a refusal that says nothing about the health of the service. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Failure && error.code !== 'INTERNAL' && error.code !== 'UNAVAILABLE'

/** A span that its owner ends. */
export interface OpenSpan {
  /** Runs work as part of the span. */
  hold<T>(work: () => T): T
  /** Ends it with what is known now. */
  end(attributes: Attributes, state: 'well' | 'failed'): void
}

/** A span, and the scope of the work in it. */
interface Started {
  readonly span: Span
  readonly scope: Scope
}

/** Makes spans. Exists only where the operator has switched traces on. */
export class Traces {
  readonly #scope = new AsyncLocalStorage<Scope>()

  constructor(private readonly needs: TracesNeeds) {}

  /** The `traceparent` of the span under way, for work that continues its trace later; null outside of spans. */
  get traceparent(): string | null {
    const scope = this.#scope.getStore()
    const span = scope === undefined ? undefined : trace.getSpanContext(scope.context)
    if (span === undefined) return null
    return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
  }

  /** Begins the first span of a request in this process. */
  begin(facts: SpanFacts, origin: Origin): OpenSpan {
    const { span, scope } = this.#begin(facts, origin)
    return {
      hold: (work) => this.#scope.run(scope, work),
      end: (attributes, state) => {
        span.setAttributes(attributes)
        if (state === 'failed') span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }

  /** Runs work as the first span of a job in this process. */
  async from<T>(facts: SpanFacts, origin: Origin, work: () => Promise<T>): Promise<T> {
    return await this.#record(this.#begin(facts, origin), facts, work)
  }

  /** Runs work as a span below the one under way. Without one it only runs: what a process does by itself is no trace. */
  async within<T>(facts: SpanFacts, work: () => Promise<T> | T): Promise<T> {
    const outer = this.#scope.getStore()
    return outer === undefined ? await work() : await this.#record(this.#start(facts, outer, []), facts, work)
  }

  /** Delivers the spans that have ended, within a time limit. */
  async close(): Promise<void> {
    await this.needs.close()
  }

  #begin(facts: SpanFacts, { requestId, parent, link }: Origin): Started {
    const asker = this.#parse(parent)
    const pointedTo = this.#parse(link)
    const context =
      asker === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...asker, isRemote: true })
    return this.#start(facts, { context, requestId }, pointedTo === null ? [] : [{ context: pointedTo }])
  }

  #parse(traceparent: string | null): SpanContext | null {
    return traceparent === null || traceparent.length > longestTraceparent
      ? null
      : this.needs.parse(traceparent)
  }

  #start({ name, kind, attributes }: SpanFacts, { context, requestId }: Scope, links: Link[]): Started {
    const span = this.needs.tracer.startSpan(
      name,
      { kind: kinds[kind], attributes: { ...attributes, 'idem.request.id': requestId }, links },
      context,
    )
    return { span, scope: { context: trace.setSpan(context, span), requestId } }
  }

  async #record<T>(
    { span, scope }: Started,
    { isOutcome }: SpanFacts,
    work: () => Promise<T> | T,
  ): Promise<T> {
    try {
      return await this.#scope.run(scope, work)
    } catch (error) {
      if (isOutcome?.(error) !== true) {
        span.setAttribute('error.type', typeOf(error))
        if (!isRefusal(error)) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      throw error
    } finally {
      span.end()
    }
  }
}
