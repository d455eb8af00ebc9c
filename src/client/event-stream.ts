// Reads a stream of server-sent events (HTML 9.2). Only the arrival of events matters, not their content.

import { IdemError } from './idem-error.js'

/** A listener of a subscription. */
export interface Listener {
  readonly onEvent: () => void
  readonly signal: AbortSignal
}

/** Calls `onEvent` for each event of the stream, and resolves at its end. Throws `IdemError` if there is no stream. */
export const listenToEvents = async (url: string, init: RequestInit, listener: Listener): Promise<void> => {
  try {
    const response = await fetch(url, { ...init, signal: listener.signal })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (!response.ok || !isStream || response.body === null) {
      await response.body?.cancel()
      throw new IdemError('UNEXPECTED_ANSWER', `HTTP ${response.status} without a stream of events.`)
    }
    for await (const line of linesOf(response.body)) if (line === 'event: next') listener.onEvent()
  } catch (cause) {
    if (listener.signal.aborted) return
    throw cause instanceof IdemError
      ? cause
      : new IdemError('UNREACHABLE', `The stream of ${url} broke.`, {}, { cause })
  }
}

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
    }
  } finally {
    await reader.cancel().catch(() => undefined) // the stream is broken already
  }
}
