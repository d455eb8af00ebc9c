// Whether the standard variables of OpenTelemetry switch traces on. All others are read by its SDK.

/** The exporter that Idem brings. */
const known = 'otlp'

/**
 * True if the variables switch traces on: with an exporter, or with only the address of a collector. Idem's default is
 * none (the specification's is a collector on this machine), so that nothing is sent without having been asked for.
 */
export const tracesWanted = (environment: Readonly<Record<string, string | undefined>>): boolean => {
  const isDisabled = environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
  const exporters = (environment['OTEL_TRACES_EXPORTER'] ?? '').split(',').map((name) => name.trim())
  const isAddressGiven = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => (environment[name] ?? '').trim() !== '',
  )
  const isNamed = exporters.some((name) => name !== '')
  return !isDisabled && (isNamed ? exporters.includes(known) : isAddressGiven)
}
