// Passes a delivery on to another address, as it arrived.

import { IdemError } from '../client/idem-error.js'
import { networkFailure } from '../client/network-fault.js'
import { chooseFetch } from './choose-fetch.js'
import type { Machine } from './machine.js'
import type { ReceivedRequest } from './webhook-receiver.js'

/** What became of a delivery that was passed on. */
export interface Forwarded {
  /** The status of the answer; 502 if there was none. */
  readonly status: number
  /** When the answer asks to be tried again; null if it does not say. */
  readonly retryAfter: string | null
  /** Why there was no answer; null if there was one. */
  readonly failure: string | null
}

/** Within the 15 seconds that the server waits. */
const timeoutSeconds = 14

/** Headers of one connection, which the next one has of its own (RFC 9110 section 7.6.1). */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Sends the request with its own headers and body to `url`. Never throws. */
export const forwardDelivery = async (
  { environment }: Machine,
  { headers, body }: ReceivedRequest,
  url: string,
): Promise<Forwarded> => {
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || ofConnection.has(name) ? [] : [[name, [value].flat().join(', ')] as const],
  )
  try {
    const send = await chooseFetch(url, environment)
    const signal = AbortSignal.timeout(timeoutSeconds * 1_000)
    const init = { method: 'POST', headers: Object.fromEntries(kept), body, redirect: 'manual' } as const
    const answer = await send(url, { ...init, signal })
    await answer.body?.cancel()
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), failure: null }
  } catch (cause) {
    const failure = cause instanceof IdemError ? cause : networkFailure(cause, { name: url, timeoutSeconds })
    return { status: 502, retryAfter: null, failure: failure.message }
  }
}
