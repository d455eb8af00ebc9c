// What a stream of documents that are all different leaves behind in the memory of a running Idem.
import { Agent, request } from 'node:http'
import { startIdemWithPostgres } from '../idem-server.js'
import { memoryBytes, peakMemoryBytes } from '../process-usage.js'
import type { Started } from '../started.js'

/** Requests under way at once. */
const clients = 16
const bytesPerMegabyte = 1024 * 1024

/** The resident memory of the process, in megabytes, at three moments. */
export interface Flood {
  /** The length of each document, in bytes. */
  readonly bytes: number
  readonly documents: number
  readonly afterTenth: number
  readonly atEnd: number
  readonly peak: number
  readonly seconds: number
}

const megabytes = (bytes: number | null): number => Math.round((bytes ?? Number.NaN) / bytesPerMegabyte)

/** Sends one document; throws unless it is answered. */
const send = async (port: number, agent: Agent, query: string): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { 'content-type': 'application/json' }
  const sent = request({ port, agent, method: 'POST', path: '/graphql', headers }, (answer) => {
    answer.resume()
    answer.once('error', reject)
    answer.once('end', () =>
      answer.statusCode === 200 ? resolve() : reject(new Error(`answered with ${answer.statusCode}`)),
    )
  })
  sent.once('error', reject)
  sent.end(JSON.stringify({ query }))
  await promise
}

/** Floods an Idem of its own with so many documents of so many bytes. */
export const flood = async (
  size: { readonly documents: number; readonly bytes: number },
  started: Started,
): Promise<Flood> => {
  const options = { name: 'idem', role: 'api', environment: {}, log: null, profile: null } as const
  const { port, pid } = await startIdemWithPostgres(options, started)
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const filling = 'x'.repeat(size.bytes)
  const startedAt = performance.now()
  let next = 0
  let afterTenth = Number.NaN
  const client = async (): Promise<void> => {
    while (next < size.documents) {
      next += 1
      if (next === Math.ceil(size.documents / 10)) afterTenth = megabytes(memoryBytes(pid))
      await send(port, agent, `{__typename}#${next} ${filling}`.slice(0, size.bytes))
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  agent.destroy()
  return {
    ...size,
    afterTenth,
    atEnd: megabytes(memoryBytes(pid)),
    peak: megabytes(peakMemoryBytes(pid)),
    seconds: Math.round((performance.now() - startedAt) / 1000),
  }
}
