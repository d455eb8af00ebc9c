// The program of the test SMTP server: accepts mails, or misbehaves as its parent process tells it by messages.

import { appendFileSync } from 'node:fs'
import { domainToASCII } from 'node:url'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

/** What the server does with a mail or a connection. */
export type SmtpBehaviour =
  | 'accept'
  /** 421 instead of a greeting. */
  | 'refuse-connection'
  /** Closes instead of greeting. */
  | 'close-at-connection'
  /** Never greets. */
  | 'stall-greeting'
  /** Greets late, after 300 ms. */
  | 'slow-greeting'
  /** 550 to MAIL FROM. */
  | 'refuse-sender'
  /** 552 to MAIL FROM. */
  | 'refuse-size'
  /** 451 to MAIL FROM. */
  | 'defer-sender'
  /** 550 to RCPT TO. */
  | 'refuse-recipient'
  /** 451 to RCPT TO. */
  | 'defer-recipient'
  /** 421 to RCPT TO. */
  | 'close-at-recipient'
  /** 530 to RCPT TO. */
  | 'ask-for-authentication'
  /** Never answers RCPT TO. */
  | 'stall-recipient'
  /** 554 after the mail. */
  | 'refuse-message'
  /** 452 after the mail. */
  | 'defer-message'
  /** 421 after the mail. */
  | 'close-at-message'
  /** Reads the mail and never answers. */
  | 'stall'
  /** Breaks the connection while it receives the mail. */
  | 'close-in-data'
  /** Breaks the connection after the final dot, without an answer. */
  | 'close-after-data'
  /** Acknowledges the mail and breaks the connection. */
  | 'close-after-reply'

/** The options of the program, as JSON. */
export interface SmtpProcessOptions {
  /** The port; 0 for any free one. */
  readonly port: number
  /** The file for acknowledged mails, one JSON object per line. */
  readonly spool: string
  /** The only user, who must authenticate. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined
  /** Uses a self-signed certificate. */
  readonly tls?: 'starttls' | 'implicit' | undefined
  /** Instead of a self-signed certificate. Both PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined
}

/** A message to the program, which answers each with a `SmtpReport`. */
export type SmtpOrder =
  | { readonly order: 'behave'; readonly behaviour: SmtpBehaviour; readonly recipient: string | null }
  | { readonly order: 'report' }

/** The answer to a message; also sent once when it listens. */
export interface SmtpReport {
  readonly port: number
  /** Connections since it was started. */
  readonly connections: number
}

/** One line of the spool. */
export interface SpooledMail {
  readonly from: string
  readonly to: string
  readonly secure: boolean
  readonly raw: string
}

const options: SmtpProcessOptions = JSON.parse(process.argv[2] ?? '{}')
const behaviours = new Map<string | null, SmtpBehaviour>()
let connections = 0

const behaviourTo = (recipient: string | null): SmtpBehaviour =>
  behaviours.get(recipient) ?? behaviours.get(null) ?? 'accept'

const reply = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode })

const breakConnection = (session: SMTPServerSession): void => {
  for (const connection of server.connections) if (connection.id === session.id) connection._socket.destroy()
}

const onConnect = (session: SMTPServerSession, callback: (error?: Error | null) => void): void => {
  connections += 1
  switch (behaviourTo(null)) {
    case 'refuse-connection':
      callback(reply(421, '4.3.2 Shutting down'))
      break
    case 'close-at-connection':
      // `onConnect` is called before the connection is in the list.
      setImmediate(breakConnection, session)
      break
    case 'stall-greeting':
      break
    case 'slow-greeting':
      setTimeout(callback, 300)
      break
    default:
      callback()
  }
}

const senderReplies: Partial<Record<SmtpBehaviour, Error>> = {
  'refuse-sender': reply(550, '5.7.1 Sender not allowed'),
  'refuse-size': reply(552, '5.3.4 Message too big'),
  'defer-sender': reply(451, '4.3.0 Not now'),
}

/** smtp-server shows domains by their Unicode labels; on the wire they were A-labels. */
const asSent = (address: string): string => address.replace(/[^@]*$/, (domain) => domainToASCII(domain))

const recipientReplies: Partial<Record<SmtpBehaviour, (address: string) => Error>> = {
  'refuse-recipient': (address) => reply(550, `5.1.1 <${address}>: no such user ${address}`),
  'defer-recipient': () => reply(451, '4.7.1 Greylisted'),
  'close-at-recipient': () => reply(421, '4.3.2 Shutting down'),
  'ask-for-authentication': () => reply(530, '5.7.0 Authentication required'),
}

const messageReplies: Partial<Record<SmtpBehaviour, Error>> = {
  'refuse-message': reply(554, '5.7.1 Looks like spam'),
  'defer-message': reply(452, '4.3.1 Disk full'),
  'close-at-message': reply(421, '4.3.2 Shutting down'),
}

const finish = (
  session: SMTPServerSession,
  raw: string,
  callback: (error?: Error | null, message?: string) => void,
): void => {
  const to = session.envelope.rcptTo.map(({ address }) => asSent(address))
  const behaviour = behaviourTo(to[0] ?? null)
  const refusal = messageReplies[behaviour]
  if (refusal !== undefined) {
    callback(refusal)
    return
  }
  if (behaviour === 'close-after-data') breakConnection(session)
  if (behaviour === 'close-after-data' || behaviour === 'close-in-data' || behaviour === 'stall') return
  const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address
  for (const recipient of to) {
    const mail: SpooledMail = { from, to: recipient, secure: session.secure, raw }
    // Written before the answer, so that every acknowledged mail is on disk even if this process is killed in between.
    appendFileSync(options.spool, `${JSON.stringify(mail)}\n`)
  }
  callback(null, '2.0.0 Taken')
  // Destroyed only after the answer was sent, because the answer would otherwise be lost with the socket.
  if (behaviour === 'close-after-reply') setTimeout(breakConnection, 20, session)
}

const server = new SMTPServer({
  name: 'smtp.test',
  logger: false,
  disableReverseLookup: true,
  secure: options.tls === 'implicit',
  ...options.certificate,
  authOptional: options.credentials === undefined,
  allowInsecureAuth: true,
  disabledCommands: [
    ...(options.tls === undefined ? ['STARTTLS'] : []),
    ...(options.credentials === undefined ? ['AUTH'] : []),
  ],
  socketTimeout: 600_000,
  onConnect,
  onAuth: ({ username, password }, _session, callback) => {
    const isRight = username === options.credentials?.user && password === options.credentials?.password
    callback(null, isRight ? { user: username } : { message: `5.7.8 Wrong password for ${username}` })
  },
  onMailFrom: (_address, _session, callback) => callback(senderReplies[behaviourTo(null)]),
  onRcptTo: ({ address }, _session, callback) => {
    const behaviour = behaviourTo(address)
    if (behaviour !== 'stall-recipient') callback(recipientReplies[behaviour]?.(address))
  },
  onData: (stream, session, callback) => {
    const chunks: Buffer[] = []
    if (behaviourTo(session.envelope.rcptTo[0]?.address ?? null) === 'close-in-data')
      stream.once('data', () => breakConnection(session))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => finish(session, Buffer.concat(chunks).toString(), callback))
  },
})

const report = (): void => {
  const address = server.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  process.send?.({ port, connections } satisfies SmtpReport)
}

// Tests also disconnect in the middle of a session.
server.on('error', () => undefined)
server.listen(options.port, '127.0.0.1', report)
process.on('message', (message: SmtpOrder) => {
  if (message.order === 'behave') {
    if (message.recipient === null) behaviours.clear()
    behaviours.set(message.recipient, message.behaviour)
  }
  report()
})
// Ends together with its parent process.
process.on('disconnect', () => process.exit(0))
