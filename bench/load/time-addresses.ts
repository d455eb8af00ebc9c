// Measures requests for a mail to known and unknown addresses, one after the other on one connection, in random order.
import { Connection } from './connection.js'
import { mailRequest, sendMailRequest } from './email.js'
import type { TimingOrder, TimingSamples } from './order.js'

/** A uniformly random order. */
const shuffle = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)

/** Runs the order. Throws `Refused` as soon as one request is refused. */
export const timeAddresses = async ({
  port,
  warmUp,
  known,
  unknown,
}: TimingOrder): Promise<TimingSamples> => {
  const connection = await Connection.open(port)
  try {
    for (const address of warmUp) await sendMailRequest(connection, mailRequest(address))
    const samples = { known: [] as number[], unknown: [] as number[] }
    const asked = shuffle([
      ...known.map((address) => ({ request: mailRequest(address), times: samples.known })),
      ...unknown.map((address) => ({ request: mailRequest(address), times: samples.unknown })),
    ])
    for (const { request, times } of asked) {
      const startedAt = performance.now()
      await sendMailRequest(connection, request)
      times.push(performance.now() - startedAt)
    }
    return samples
  } finally {
    connection.close()
  }
}
