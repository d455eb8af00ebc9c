// Opens the traces of a process with the SDK of OpenTelemetry, which reads its standard variables itself. Loaded only
// where traces are switched on.
import { setTimeout as sleep } from 'node:timers/promises'
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import type { Logger } from './logger.js'
import { Traces } from './traces.js'

/** How long a stop waits for the last spans to be delivered, in milliseconds. */
const flushMilliseconds = 2_000

/** The code of an error: the operating system's, or an HTTP status. Nothing else, because errors quote what was sent. */
const codeOf = ({ error }: ExportResult): string | number =>
  error !== undefined &&
  'code' in error &&
  (typeof error.code === 'number' || (typeof error.code === 'string' && /^[A-Z\d_]+$/.test(error.code)))
    ? error.code
    : (error?.name ?? 'unknown')

/** Delivers spans over OTLP, and logs once when that fails and once when it works again. */
class ToldExporter implements SpanExporter {
  readonly #inner = new OTLPTraceExporter()
  #isFailing = false

  constructor(private readonly logger: Logger) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#inner.export(spans, (result) => {
      const hasFailed = result.code !== ExportResultCode.SUCCESS
      if (hasFailed && !this.#isFailing)
        this.logger.warn(
          { reason: codeOf(result) },
          'the collector of traces takes no spans; they are dropped',
        )
      if (!hasFailed && this.#isFailing) this.logger.info('the collector of traces takes spans again')
      this.#isFailing = hasFailed
      done(result)
    })
  }

  async forceFlush(): Promise<void> {
    await this.#inner.forceFlush()
  }

  async shutdown(): Promise<void> {
    await this.#inner.shutdown()
  }
}

/** From the first quote to the last, whichever signs they are, because a value may hold quotes too. */
const quoted = /['"`].*['"`]/s

/** Logs what the SDK says of variables while `open` runs. Without what it quotes: a value may hold a password. */
const tellingOf = <T>(logger: Logger, open: () => T): T => {
  const tell = (message: string): void =>
    logger.warn({ detail: message.replace(quoted, '…') }, 'a variable of OpenTelemetry is not usable')
  const silent = (): void => undefined
  const diagLogger = { error: tell, warn: tell, info: silent, debug: silent, verbose: silent }
  diag.setLogger(diagLogger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  try {
    return open()
  } finally {
    diag.disable()
  }
}

/** Warns of a protocol that is not spoken; the collector would not understand it. */
const warnOfProtocol = (logger: Logger): void => {
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ofTraces, OTEL_EXPORTER_OTLP_PROTOCOL: ofAll } = process.env
  const protocol = (ofTraces ?? ofAll ?? '').trim()
  if (protocol !== '' && protocol !== 'http/protobuf')
    logger.warn(
      'OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken here (port 4318 of most collectors); it is used',
    )
}

/** Opens the traces of this environment. */
export const openTraces = (instanceId: string, logger: Logger): Traces => {
  warnOfProtocol(logger)
  const provider = tellingOf(logger, () => {
    const own = resourceFromAttributes({ 'service.name': 'idem', 'service.instance.id': instanceId })
    return new BasicTracerProvider({
      resource: own.merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new ToldExporter(logger))],
    })
  })
  return new Traces({
    tracer: provider.getTracer('idem'),
    parse: parseTraceParent,
    close: async () => {
      // The failure of a delivery has been logged.
      const flushed = provider.shutdown().catch(() => undefined)
      await Promise.race([flushed, sleep(flushMilliseconds, undefined, { ref: false })])
    },
  })
}
