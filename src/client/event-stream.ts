// Reads a stream of server-sent events (HTML 9.2). Only the arrival of events matters, not their content.

import type { Fetch, FetchRequest } from './fetch.js'
import { IdemError } from './idem-error.js'
import { networkFailure, type Peer } from './network-fault.js'

/** A listener of a subscription. */
export interface Listener {
  readonly onEvent: () => void
  readonly signal: AbortSignal
}

/** A request for a stream. */
export interface StreamRequest {
  readonly url: string
  readonly init: Omit<FetchRequest, 'signal'>
  readonly send: Fetch
  readonly peer: Peer
}

/** Calls `onEvent` for each event of the stream, and resolves at its end. Throws `IdemError` if there is no stream. */
export const listenToEvents = async (request: StreamRequest, listener: Listener): Promise<void> => {
  const { url, init, send, peer } = request
  try {
    const response = await send(url, { ...init, signal: listener.signal })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (response.status !== 200 || !isStream || response.body === null) {
      await response.body?.cancel()
      throw new IdemError('UNEXPECTED_ANSWER', `HTTP ${response.status} without a stream of events.`)
    }
    for await (const line of linesOf(response.body)) if (line === 'event: next') listener.onEvent()
  } catch (cause) {
    if (listener.signal.aborted) return
    throw cause instanceof IdemError ? cause : networkFailure(cause, peer)
  }
}

/** The longest line in characters: several times that of an event of Idem. */
const longestLine = 100_000

const linesOf = async function* (body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/)
      rest = lines.pop() ?? ''
      yield* lines
      if (rest.length > longestLine)
        throw new IdemError('UNEXPECTED_ANSWER', 'A stream of events with an endless line.')
    }
  } finally {
    await reader.cancel().catch(() => undefined) // the stream is broken already
  }
}
