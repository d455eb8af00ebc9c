// HTTP answers that are not Idem's: of a proxy, of a gateway, of a network that wants a login, of another program.

import type { FaultReason } from './fault-reason.js'
import { IdemError, type IdemErrorCode } from './idem-error.js'
import { cutShort } from './network-fault.js'

/** A complete HTTP answer. */
export interface HttpAnswer {
  /** The address that was called. */
  readonly url: string
  readonly status: number
  readonly contentType: string | null
  readonly location: string | null
  readonly retryAfter: string | null
  readonly text: string
}

/**
 * Code, reason and beginning of the sentence for the statuses of what is between a client and Idem. A proxy's 407 is not
 * among them, because `fetch` throws instead of showing it.
 */
const onTheWay: ReadonlyMap<number, readonly [IdemErrorCode, FaultReason, string]> = new Map([
  [429, ['RATE_LIMITED', 'GATEWAY', 'Refused before it reached Idem']],
  [502, ['UNAVAILABLE', 'GATEWAY', 'A gateway or proxy answers, and gets no answer of Idem']],
  [503, ['UNAVAILABLE', 'GATEWAY', 'Refused before it reached Idem']],
  [504, ['UNAVAILABLE', 'GATEWAY', 'A gateway or proxy answers, and gets no answer of Idem in time']],
  [511, ['UNREACHABLE', 'NETWORK_LOGIN', 'This network asks for a login of its own']],
])

/** In browsers, a redirect that is not followed has the status 0 and no headers. */
const isRedirect = ({ status }: HttpAnswer): boolean => status === 0 || (status >= 300 && status < 400)

/** True if the status is one of a proxy, a gateway or a network, or a redirect, whatever was asked for. */
export const isOnTheWay = (answer: HttpAnswer): boolean => onTheWay.has(answer.status) || isRedirect(answer)

/**
 * The error for an answer that is not Idem's. `UNAVAILABLE` and `RATE_LIMITED` of a gateway pass; all others are
 * `UNREACHABLE` or `UNEXPECTED_ANSWER`.
 */
export const foreignAnswer = (answer: HttpAnswer): IdemError => {
  const { url, status, contentType } = answer
  const known = onTheWay.get(status)
  if (known !== undefined) {
    const [code, reason, sentence] = known
    const retryAfterSeconds = secondsOf(answer.retryAfter)
    const details = { reason, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) }
    return new IdemError(code, `${sentence}: HTTP ${status} without a GraphQL answer.`, details)
  }
  if (isRedirect(answer)) {
    const sentence = `${originOf(url)} sends on to ${targetOf(answer)}, which is not followed (HTTP ${status}).`
    return new IdemError('UNEXPECTED_ANSWER', sentence, { reason: 'REDIRECTED' })
  }
  if (contentType?.includes('json') === true && !isJson(answer.text)) return cutShort(originOf(url), null)
  const what = contentType?.startsWith('text/html') === true ? 'with a web page' : 'without a GraphQL answer'
  return new IdemError('UNEXPECTED_ANSWER', `This is not Idem: HTTP ${status} ${what}.`, {
    reason: 'NO_IDEM',
  })
}

/** The seconds of a Retry-After header; undefined if it is missing or a date. */
export const secondsOf = (retryAfter: string | null): number | undefined =>
  retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined

/** Only the origin of a redirect's target, because its path may hold a secret. */
const targetOf = ({ url, location }: HttpAnswer): string => {
  if (location === null || !URL.canParse(location, url)) return 'another address'
  const { origin } = new URL(location, url)
  return origin === originOf(url) ? 'another path' : origin
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
