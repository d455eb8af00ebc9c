// POST /graphql/stream: one subscription per HTTP request, with the principal of its bearer.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AuthenticateRequestNeeds, authenticateRequest } from '../authentication/authenticate-request.js'
import type { Call } from '../database/call.js'
import type { GraphqlStream } from '../graphql/stream.js'
import type { StreamPlaces } from '../graphql/stream-places.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { HttpRefusal } from './refusal.js'

/** What the stream route needs. */
export interface StreamRouteNeeds extends AuthenticateRequestNeeds, CallOfRequestNeeds {
  readonly graphqlStream: GraphqlStream
  readonly streamPlaces: StreamPlaces
  readonly requestScope: RequestScope
}

/** A connection that accepts no data for this long is closed; a keep-alive is sent every 12 s. In milliseconds. */
const idleMilliseconds = 60_000

/** The media types of which an `Accept` header must contain one. */
const takesEvents = /text\/event-stream|text\/\*|\*\/\*/i

const serve = async (
  request: FastifyRequest,
  reply: FastifyReply,
  needs: StreamRouteNeeds,
): Promise<void> => {
  // 1 the end of the connection ends the stream, and the reverse
  const ended = new AbortController()
  reply.raw.once('close', () => ended.abort())
  reply.raw.setTimeout(idleMilliseconds)
  try {
    await answer(request, { reply, signal: ended.signal }, needs)
  } finally {
    ended.abort()
  }
}

const answer = async (
  request: FastifyRequest,
  { reply, signal }: { readonly reply: FastifyReply; readonly signal: AbortSignal },
  needs: StreamRouteNeeds,
): Promise<void> => {
  // 2 check that events are accepted, then authenticate
  if (!takesEvents.test(request.headers.accept ?? '*/*'))
    throw new HttpRefusal(406, {
      sentence: 'Only events are sent here: ask with accept: text/event-stream.',
    })
  const renew = async (): Promise<Call> => {
    const call = callOfRequest(request, needs)
    return call.by(await authenticateRequest(call, request.headers.authorization, needs))
  }
  const call = await renew()
  // 3 reserve one of the limited streams until the end
  needs.streamPlaces.take({ network: call.source.network, signal, end: () => void reply.raw.destroy() })
  // 4 start the stream
  const [body, { status, headers }] = await needs.graphqlStream(request.body, { call, renew, signal })
  if (body !== null && typeof body !== 'string') return await sendEvents(reply, Readable.from(body))
  reply.code(status).headers({ ...headers })
  await reply.send(body)
}

/** Sends events while the client is connected. Bypasses Fastify, which would log a disconnect as an error. */
const sendEvents = async (reply: FastifyReply, events: Readable): Promise<void> => {
  reply.headers({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    // Turns off response buffering in nginx, which would delay events.
    'x-accel-buffering': 'no',
  })
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  try {
    await pipeline(events, reply.raw)
  } catch (error) {
    if (!reply.raw.destroyed) throw error
  }
}

/** Adds the route. There is no GET, because a query in a URL, with the challenge's id in it, would be logged. */
export const addStreamRoute = (app: FastifyInstance, needs: StreamRouteNeeds): void => {
  app.post(
    '/graphql/stream',
    async (request, reply) =>
      await needs.requestScope.run(request.id, async () => await serve(request, reply, needs)),
  )
  // A stop does not wait for streams, which last for minutes; their clients reconnect.
  app.addHook('preClose', (done) => {
    needs.streamPlaces.close()
    done()
  })
}
