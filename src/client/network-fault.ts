// Tells apart why `fetch` failed. Browsers hide the cause from scripts; Node tells it by the code of an inner error.

import type { FaultReason } from './fault-reason.js'
import { IdemError } from './idem-error.js'

/** Who was called. */
export interface Peer {
  /** As the object of a sentence, such as `https://id.example.org`. */
  readonly name: string
  /** The time limit of the call. */
  readonly timeoutSeconds: number
  /** The origin of the proxy, if the peer is one. */
  readonly proxy?: string
}

/** The error for what `fetch` threw: `TIMED_OUT` or `UNREACHABLE`, with the reason in its details. */
export const networkFailure = (cause: unknown, { name, timeoutSeconds, proxy }: Peer): IdemError => {
  const details = proxy === undefined ? {} : { proxy }
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return new IdemError('TIMED_OUT', `No answer from ${name} within ${timeoutSeconds} s.`, details, {
      cause,
    })
  }
  const fault = innermost(cause)
  const reason = reasonOf(fault)
  const code = reason === 'NO_CONNECTION' ? 'TIMED_OUT' : 'UNREACHABLE'
  return new IdemError(code, sentences[reason](name, fault), { reason, ...details }, { cause })
}

/** The error for an answer whose end is missing. What the call asked for may have been done. */
export const cutShort = (name: string, cause: unknown): IdemError =>
  new IdemError('UNREACHABLE', `The answer of ${name} was cut short.`, { reason: 'CUT_SHORT' }, { cause })

/** An error with what Node adds to it. */
interface Fault {
  readonly code: string
  readonly kind: string
  readonly message: string
  /** For a certificate with another name: the names that it has. */
  readonly names: string
}

/** As deep as causes are followed, because an error may be its own cause. */
const deepest = 8

/** The error inside all others: the first one of several addresses, and the cause of each. */
const innermost = (thrown: unknown): Fault => {
  let error = thrown
  for (let depth = 0; depth < deepest && error instanceof Error; depth += 1) {
    const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
    if (!(inner instanceof Error)) break
    error = inner
  }
  const { code, name, message, cert } = (error ?? {}) as Record<string, unknown>
  return { code: textOf(code), kind: textOf(name), message: textOf(message), names: namesOf(cert) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The longest list of a certificate's names that is shown, in characters. */
const longestNames = 200

/** The names in a certificate, as Node describes it. */
const namesOf = (certificate: unknown): string => {
  const { subjectaltname } = (certificate ?? {}) as Record<string, unknown>
  const names = textOf(subjectaltname).replace(/\b(?:DNS|IP Address):/g, '')
  return names.length > longestNames ? `${names.slice(0, longestNames)} …` : names
}

/** The reasons that `fetch` itself gives; the others follow from answers. */
type NetworkReason = Exclude<
  FaultReason,
  'CUT_SHORT' | 'NETWORK_LOGIN' | 'REDIRECTED' | 'GATEWAY' | 'NO_IDEM' | 'PROXY_LOGIN' | 'PROXY_REFUSED'
>

/** The codes of Node, of its HTTP client undici, and of OpenSSL's certificate checks. */
const reasons: ReadonlyMap<string, NetworkReason> = new Map([
  ['ENOTFOUND', 'NAME_UNKNOWN'],
  ['EAI_AGAIN', 'NO_NAME_SERVER'],
  ['EAI_FAIL', 'NO_NAME_SERVER'],
  ['ECONNREFUSED', 'REFUSED'],
  ['EHOSTUNREACH', 'NO_ROUTE'],
  ['EHOSTDOWN', 'NO_ROUTE'],
  ['ENETUNREACH', 'NO_ROUTE'],
  ['ENETDOWN', 'NO_ROUTE'],
  ['EADDRNOTAVAIL', 'NO_ROUTE'],
  ['ETIMEDOUT', 'NO_CONNECTION'],
  ['UND_ERR_CONNECT_TIMEOUT', 'NO_CONNECTION'],
  ['ECONNRESET', 'HUNG_UP'],
  ['EPIPE', 'HUNG_UP'],
  ['UND_ERR_SOCKET', 'HUNG_UP'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERTIFICATE_UNTRUSTED'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'CERTIFICATE_UNTRUSTED'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'CERTIFICATE_UNTRUSTED'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERTIFICATE_UNTRUSTED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERTIFICATE_UNTRUSTED'],
  ['CERT_UNTRUSTED', 'CERTIFICATE_UNTRUSTED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'CERTIFICATE_NAME'],
  ['HOSTNAME_MISMATCH', 'CERTIFICATE_NAME'],
  ['CERT_HAS_EXPIRED', 'CERTIFICATE_EXPIRED'],
  ['CERT_NOT_YET_VALID', 'CERTIFICATE_TOO_EARLY'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'NO_TLS'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'NO_TLS'],
])

const reasonOf = ({ code, kind, message }: Fault): NetworkReason => {
  const known = reasons.get(code)
  if (known !== undefined) return known
  if (kind === 'HTTPParserError' || code.startsWith('HPE_')) return 'NO_HTTP'
  if (message === 'bad port') return 'PORT_BLOCKED'
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return 'TLS_REFUSED'
  if (/CERT|^CRL_|^INVALID_(?:CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/.test(code)) return 'CERTIFICATE_REFUSED'
  return 'OTHER'
}

const withCode = ({ code }: Fault): string => (/^\w{1,64}$/.test(code) ? ` (${code})` : '')

const sentences: Readonly<Record<NetworkReason, (name: string, fault: Fault) => string>> = {
  NAME_UNKNOWN: (name) => `The host name of ${name} cannot be found.`,
  NO_NAME_SERVER: (name) => `The host name of ${name} cannot be looked up: no name server answers.`,
  REFUSED: (name) => `Nothing answers at ${name}: the connection was refused.`,
  NO_ROUTE: (name) => `No network leads to ${name}.`,
  NO_CONNECTION: (name) => `No connection to ${name} in time.`,
  PORT_BLOCKED: (name) => `The port of ${name} is a port of another service, which \`fetch\` never calls.`,
  CERTIFICATE_UNTRUSTED: (name, fault) =>
    `The certificate of ${name} is signed by an authority that this machine does not know${withCode(fault)}.`,
  CERTIFICATE_NAME: (name, { names }) => `The certificate of ${name} is for another name: ${names || '-'}.`,
  CERTIFICATE_EXPIRED: (name) => `The certificate of ${name} has expired.`,
  CERTIFICATE_TOO_EARLY: (name) => `The certificate of ${name} is not valid yet by this machine's clock.`,
  CERTIFICATE_REFUSED: (name, fault) => `The certificate of ${name} is not valid${withCode(fault)}.`,
  NO_TLS: (name) => `What answers at ${name} does not speak TLS.`,
  TLS_REFUSED: (name, fault) => `There is no common ground for TLS with ${name}${withCode(fault)}.`,
  NO_HTTP: (name) => `What answers at ${name} does not speak HTTP.`,
  HUNG_UP: (name) => `The connection to ${name} was closed without an answer.`,
  OTHER: (name, fault) => `Nothing answers at ${name}${withCode(fault)}.`,
}
