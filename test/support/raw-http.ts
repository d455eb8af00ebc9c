// An HTTP client that sends exactly the given bytes, for what no library would send.
import { connect } from 'node:net'

/** What came back: the status, the headers with names in small letters, and the body. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

const parse = (text: string): RawAnswer => {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  return { status: Number(first.split(' ')[1]), headers, body: text.slice(end + 4) }
}

/**
 * Sends the bytes, and reads until the server closes the connection: ask for `connection: close`. `then` is sent once
 * `then.after` has been received.
 */
export const sendRaw = async (
  where: string | Pick<URL, 'hostname' | 'port'>,
  sent: string | Buffer,
  then: { readonly after: string; readonly text: string } | null = null,
): Promise<RawAnswer> => {
  const { hostname, port } = typeof where === 'string' ? new URL(where) : where
  const socket = connect({ host: hostname, port: Number(port) })
  const { promise, resolve } = Promise.withResolvers<void>()
  let text = ''
  socket.on('data', (chunk) => {
    const before = text
    text += chunk.toString('latin1')
    if (then !== null && text.includes(then.after) && !before.includes(then.after)) socket.write(then.text)
  })
  // A reset after the answer is no failure: the server closes before it has read everything.
  socket.on('error', () => undefined)
  socket.on('close', () => resolve())
  socket.write(sent)
  await promise
  return parse(Buffer.from(text, 'latin1').toString())
}
