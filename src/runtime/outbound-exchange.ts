// One exchange over HTTP with one address: what is sent, and how much of the answer is read.
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { loginOf } from '../config/server-url.js'
import { type OutboundAnswer, OutboundError, type OutboundRequest } from './outbound-call.js'

/** Sends to an address as to the host of the URL: that name is in the request, and in the certificate. */
const optionsOf = ({ url, method, headers, body }: OutboundRequest, address: string): RequestOptions => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const length = body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const { user, password } = loginOf(url)
  return {
    host: address,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, ...length, host: url.host, 'accept-encoding': 'identity' },
    // A connection of its own: what was checked is what is used.
    agent: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(user === '' ? {} : { auth: `${user}:${password}` }),
  }
}

/**
 * The answer of the server at one address, read whole. Throws `OutboundError` for an answer that is not as asked, and what
 * the connection throws.
 */
export const exchange = async (
  request: OutboundRequest,
  address: string,
  signal: AbortSignal,
): Promise<OutboundAnswer> => {
  const send = request.url.protocol === 'https:' ? secureRequest : plainRequest
  const outgoing = send({ ...optionsOf(request, address), signal })
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
      outgoing.end(request.body ?? undefined)
    })
    return await read(answer, request)
  } finally {
    // An error after the answer was read has no reader.
    outgoing.on('error', () => undefined)
    outgoing.destroy()
  }
}

const checkType = ({ headers }: IncomingMessage, mediaType: string | null): void => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers
  const isAsAsked = mediaType === null || type.split(';')[0]?.trim().toLowerCase() === mediaType
  if (!isAsAsked || encoding !== 'identity')
    throw new OutboundError('wrong_type', 'The answer has another media type, or is compressed.')
}

const read = async (answer: IncomingMessage, request: OutboundRequest): Promise<OutboundAnswer> => {
  const status = answer.statusCode ?? 0
  if (status >= 300 && status < 400)
    throw new OutboundError('redirect', 'The server answered with a redirect.')
  // The bodies of errors are of any type.
  if (status < 300) checkType(answer, request.mediaType)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes <= request.mostBytes) continue
    if (request.whenLonger === 'refuse') throw new OutboundError('too_large', 'The answer is too large.')
    break
  }
  const body = Buffer.concat(chunks).subarray(0, request.mostBytes)
  return { status, retryAfter: answer.headers['retry-after'] ?? null, body }
}
