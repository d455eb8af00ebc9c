// Closes a connection, also if its server does not answer.
import type { Client } from 'pg'

/** How long the server may take to close its side; a frozen or unreachable server never does. */
const patienceMilliseconds = 1_000

/** Ends the session; if the server does not close the connection in time, closes it from this side. Never throws. */
export const endClient = async (client: Client): Promise<void> => {
  const cutOff = setTimeout(() => client.connection.stream.destroy(), patienceMilliseconds)
  await client.end().catch(() => undefined)
  clearTimeout(cutOff)
}
