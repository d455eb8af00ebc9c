// POST /graphql/stream: one HTTP request becomes one subscription, as whom its bearer names.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type AuthenticateRequestNeeds, authenticateRequest } from '../authentication/authenticate-request.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { GraphqlStream } from '../graphql/stream.js'
import type { StreamPlaces } from '../graphql/stream-places.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'

/** What the stream route works with. */
export interface StreamRouteNeeds extends AuthenticateRequestNeeds, CallOfRequestNeeds {
  readonly graphqlStream: GraphqlStream
  readonly streamPlaces: StreamPlaces
  readonly requestScope: RequestScope
}

/** A client that takes nothing for so long is gone; a sign of life is sent every 12 s. In milliseconds. */
const idleMilliseconds = 60_000

/** What a client that names what it takes must name. */
const takesEvents = /text\/event-stream|text\/\*|\*\/\*/i

const serve = async (
  request: FastifyRequest,
  reply: FastifyReply,
  needs: StreamRouteNeeds,
): Promise<void> => {
  // 1 whatever ends the request ends the stream, and nothing outlives the two
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
  // 2 who asks
  const renew = async (): Promise<Call> => {
    const call = callOfRequest(request, needs)
    return call.by(await authenticateRequest(call, request.headers.authorization, needs))
  }
  const call = await renew()
  if (!takesEvents.test(request.headers.accept ?? '*/*'))
    throw new Failure('BAD_USER_INPUT', 'Only events are sent here: ask with accept: text/event-stream.')
  // 3 a place, until then
  needs.streamPlaces.take({ network: call.source.network, signal, end: () => void reply.raw.destroy() })
  // 4 the stream
  const [body, { status, headers }] = await needs.graphqlStream(request.body, { call, renew, signal })
  if (body !== null && typeof body !== 'string') return await sendEvents(reply, Readable.from(body))
  reply.code(status).headers({ ...headers })
  await reply.send(body)
}

/** Sends what comes for as long as the client is there. Fastify would take one that goes away for a fault of ours. */
const sendEvents = async (reply: FastifyReply, events: Readable): Promise<void> => {
  reply.headers({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    // A proxy that waits for more to send at once would keep the news back (nginx).
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

/** Adds the route. */
export const addStreamRoute = (app: FastifyInstance, needs: StreamRouteNeeds): void => {
  app.post(
    '/graphql/stream',
    async (request, reply) =>
      await needs.requestScope.run(request.id, async () => await serve(request, reply, needs)),
  )
  // A query in a URL ends up in logs, and so would the id in it.
  app.get('/graphql/stream', (request, reply) => {
    const extensions = { code: 'BAD_USER_INPUT', requestId: request.id }
    return reply
      .code(405)
      .header('allow', 'POST')
      .send({ errors: [{ message: 'Subscriptions are served at POST /graphql/stream.', extensions }] })
  })
  // Streams go on for minutes: whoever stops does not wait for them, and their clients connect anew.
  app.addHook('preClose', (done) => {
    needs.streamPlaces.close()
    done()
  })
}
