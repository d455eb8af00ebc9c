// The mail sink: a minimal SMTP server that accepts mails and stores none. It is faster than real servers, so that the
// sender is what is measured.
import { createServer, type Server, type Socket } from 'node:net'
import type { SinkOrder, SinkReport } from './mail-sink.js'

const lineEnd = '\r\n'
const dataEnd = '\r\n.\r\n'
const ok = '250 OK'

/** The code of one of our mails: alone on its line, in the text part that comes first. */
const codeLine = /^\s*([34679ACDEFGHJKMNPQRTWXY]{8})\s*$/m

const listeners = new Set<Socket>()
let taken = 0
let awaited: number | null = null

const take = (recipient: string, mail: string): void => {
  taken += 1
  // The code is searched only if somebody listens, because the search costs more than the rest.
  if (listeners.size > 0) {
    const line = `${recipient} ${codeLine.exec(mail)?.[1] ?? ''}\n`
    for (const listener of listeners) listener.write(line)
  }
  if (taken === awaited) process.send?.('taken' satisfies SinkReport)
}

/** The replies of RFC 5321 4.1.1, without validation of the commands. */
const answerTo = (command: string): string => {
  switch (command.slice(0, 4).toUpperCase()) {
    case 'EHLO':
      return '250-sink\r\n250 8BITMIME'
    case 'DATA':
      return '354 Go on'
    case 'QUIT':
      return '221 Bye'
    default:
      return ok
  }
}

const serve = (socket: Socket): void => {
  let [received, recipient, isMail] = ['', '', false]
  const say = (line: string): void => void socket.write(line + lineEnd)
  /** Handles one received command or mail; false if none is complete. */
  const goOn = (): boolean => {
    const ending = isMail ? dataEnd : lineEnd
    const end = received.indexOf(ending)
    if (end === -1) return false
    const text = received.slice(0, end)
    received = received.slice(end + ending.length)
    if (isMail) {
      isMail = false
      take(recipient, text)
      say(ok)
      return true
    }
    recipient = /^RCPT TO:<([^>]*)>/i.exec(text)?.[1] ?? recipient
    const answer = answerTo(text)
    isMail = answer.startsWith('354')
    say(answer)
    if (answer.startsWith('221')) socket.end()
    return true
  }
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  // A disconnect of a client is no error.
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    received += chunk
    while (goOn());
  })
  say('220 sink')
}

/** The second port: each connection receives a line `address code` per mail. */
const serveListener = (socket: Socket): void => {
  listeners.add(socket)
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  socket.on('close', () => listeners.delete(socket))
  socket.write('listening\n')
}

const listen = async (server: Server): Promise<number> => {
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    resolve(typeof address === 'object' && address !== null ? address.port : 0)
  })
  return await promise
}

process.on('message', ({ mails }: SinkOrder) => {
  awaited = taken + mails
  process.send?.('counting' satisfies SinkReport)
})
process.once('disconnect', () => process.exit())
process.send?.({
  smtpPort: await listen(createServer(serve)),
  watchPort: await listen(createServer(serveListener)),
} satisfies SinkReport)
