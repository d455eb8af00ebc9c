// The end of a connection, also of one whose server does not answer.
import type { Client } from 'pg'

/** A server that runs hangs up in milliseconds; one that is frozen, or cut off from us, never does. */
const patienceMilliseconds = 1_000

/** Takes leave of the server and, when it does not hang up, closes the connection from our side. Never throws. */
export const endClient = async (client: Client): Promise<void> => {
  const cutOff = setTimeout(() => client.connection.stream.destroy(), patienceMilliseconds)
  await client.end().catch(() => undefined)
  clearTimeout(cutOff)
}
