// Asks a server whether it encrypts, for the modes of TLS that leave it to the server.
import { connect } from 'node:net'
import { readAddress } from './address.js'
import { partsOf, withParameter } from './address-parts.js'
import { wantsTlsIfOffered } from './address-tls.js'

/** How long a server may take to say whether it encrypts, in milliseconds. */
const answerMilliseconds = 10_000

/**
 * The URL with `sslmode=prefer` or `allow` replaced by what this server can do, because pg itself cannot fall back. A
 * server that does not answer is asked again by the first connection, which then tells the problem.
 */
export const settleTls = async (url: string): Promise<string> => {
  if (!wantsTlsIfOffered(partsOf(url))) return url
  const { host, port } = readAddress(url)
  const offered = host.startsWith('/') ? false : await offersTls(host, port)
  return withParameter(url, 'sslmode', offered ? 'no-verify' : 'disable')
}

/** The message SSLRequest of the protocol: its length and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

const offersTls = async (host: string, port: number): Promise<boolean> => {
  const socket = connect({ host, port, timeout: answerMilliseconds })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.on('connect', () => socket.write(sslRequest))
  socket.on('data', (answer) => resolve(answer.toString('latin1') === 'S'))
  for (const event of ['timeout', 'error', 'close'] as const) socket.on(event, () => resolve(true))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
