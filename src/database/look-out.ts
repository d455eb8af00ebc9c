// Looks where the address of the database leads now, while all connections of the process stay where they are.
import pg from 'pg'
import { readAddress } from './address.js'
import { endClient } from './end-client.js'
import type { SameServer } from './same-server.js'

/** How long the server may take to accept and to answer, in milliseconds. */
const answerMilliseconds = 2_000

/**
 * Makes a connection and ends it, at once after `signal`. If it leads to another server that can be written to, all
 * others are dropped. Never throws: without a connection there is nothing to see, and the beat tells that the database
 * is away.
 */
export const lookOut = async (url: string, sameServer: SameServer, signal: AbortSignal): Promise<void> => {
  const client = new pg.Client({
    application_name: 'idem listener',
    query_timeout: answerMilliseconds,
    ...readAddress(url),
    // Also where the URL allows more: the next look comes soon.
    connectionTimeoutMillis: answerMilliseconds,
  })
  // Errors are reported by what waits for an answer; without a listener this event would end the process.
  client.on('error', () => undefined)
  sameServer.watch(client)
  const stop = () => client.connection.stream.destroy(new Error('stopped while looking out'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    await client.connect()
    await sameServer.admit(client)
  } catch {
    // Told by the beat.
  } finally {
    await endClient(client)
    signal.removeEventListener('abort', stop)
  }
}
