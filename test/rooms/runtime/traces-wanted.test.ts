// Which of OpenTelemetry's variables switch traces on.
import { expect, test } from 'vitest'
import { tracesWanted } from '../../../src/runtime/traces-wanted.js'

const collector = 'http://collector.example.org:4318'

test.each([
  { environment: {}, wanted: false },
  { environment: { OTEL_SERVICE_NAME: 'idem', OTEL_TRACES_SAMPLER: 'always_on' }, wanted: false },
  { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector }, wanted: true },
  { environment: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector }, wanted: true },
  { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, wanted: false },
  { environment: { OTEL_TRACES_EXPORTER: 'otlp' }, wanted: true },
  { environment: { OTEL_TRACES_EXPORTER: 'console, otlp' }, wanted: true },
  { environment: { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: collector }, wanted: false },
  { environment: { OTEL_TRACES_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: collector }, wanted: true },
  { environment: { OTEL_SDK_DISABLED: 'True', OTEL_EXPORTER_OTLP_ENDPOINT: collector }, wanted: false },
  { environment: { OTEL_SDK_DISABLED: 'no', OTEL_EXPORTER_OTLP_ENDPOINT: collector }, wanted: true },
])('$environment: $wanted', ({ environment, wanted }) => {
  expect(tracesWanted(environment)).toBe(wanted)
})
