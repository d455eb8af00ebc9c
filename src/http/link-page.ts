// The page of a mailed link: a GET changes nothing, a form with the token does. The common part of such pages.
import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../database/call.js'
import type { Failure } from '../failure.js'
import { logRefusal } from '../graphql/failures.js'
import { chooseLocale } from '../mail/locale.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { bugAnswer, type ConfirmAnswer, noticeAnswer, type Reader } from './confirmation-view.js'
import { fieldOf } from './form-field.js'
import { encodingRefusal, refusalOf } from './framework-refusals.js'
import { page, privatePageHeaders } from './page.js'
import { httpAnswerOf } from './refusal.js'

/** What a link's page needs. */
export interface LinkPageNeeds extends CallOfRequestNeeds {
  readonly publicUrl: string
  readonly requestScope: RequestScope
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A link's page. */
export interface LinkPage {
  readonly path: string
  /** The page of a token that we did not issue, or that is cut off. */
  readonly unknown: (reader: Reader) => ConfirmAnswer
  /** The page of a token; null if we did not issue it. Changes nothing. */
  readonly show: (call: Call, token: string, reader: Reader) => Promise<ConfirmAnswer | null>
  /** What the button does, with the other fields of the form; null if we did not issue the token. */
  readonly press: (call: Call, pressed: PressedButton, reader: Reader) => Promise<ConfirmAnswer | null>
}

/** A form that was sent. */
export interface PressedButton {
  readonly token: string
  /** A text field of the form; null if it is absent, empty or given twice. */
  readonly field: (name: string) => string | null
}

/** Several times the length of our tokens. A longer text is not looked up. In characters. */
const longestToken = 200
const formType = 'application/x-www-form-urlencoded'
/** Enough for a token and a match code in any escaping. In bytes. */
const mostFormBytes = 4_096

/** The policy of all pages, except that the form may be sent to this origin. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

const readerOf = (request: FastifyRequest, publicUrl: string): Reader => ({
  locale: chooseLocale(request.headers['accept-language']),
  domain: new URL(publicUrl).host,
})

const send = (
  reply: FastifyReply,
  { locale }: Reader,
  { status, title, body }: ConfirmAnswer,
): FastifyReply =>
  reply
    .code(status)
    .headers({ ...privatePageHeaders, 'content-security-policy': contentSecurityPolicy })
    .send(page({ locale, title, body }))

interface Serving {
  readonly link: LinkPage
  readonly needs: LinkPageNeeds
}

/** GET and HEAD. Mail scanners and link previews call them, so they change nothing. */
const show = async (request: FastifyRequest, { link, needs }: Serving): Promise<ConfirmAnswer> => {
  const reader = readerOf(request, needs.publicUrl)
  const token = fieldOf(request.query, 'token')
  if (token === null || token.length > longestToken) return link.unknown(reader)
  return (await link.show(callOfRequest(request, needs), token, reader)) ?? link.unknown(reader)
}

/**
 * The button. It needs no protection against cross-site requests: another site would need the token, and the browser
 * stores nothing, no cookie, that could replace it.
 */
const press = async (request: FastifyRequest, { link, needs }: Serving): Promise<ConfirmAnswer> => {
  const encoded = encodingRefusal(request.headers['content-encoding'])
  if (encoded !== null) throw encoded
  const reader = readerOf(request, needs.publicUrl)
  const field = (name: string) => fieldOf(request.body, name)
  const token = field('token')
  if (token === null) return noticeAnswer(reader, { notice: 'incomplete', status: 400 })
  if (token.length > longestToken) return link.unknown(reader)
  const call = callOfRequest(request, needs)
  return (await link.press(call, { token, field }, reader)) ?? link.unknown(reader)
}

const answerOfFailure = (
  failure: Failure,
  reader: Reader,
  { link, requestId }: { readonly link: LinkPage; readonly requestId: string },
): ConfirmAnswer => {
  const { status } = httpAnswerOf(failure)
  switch (failure.code) {
    case 'RATE_LIMITED':
      return noticeAnswer(reader, { notice: 'tooManyTries', status })
    case 'UNAVAILABLE':
      return noticeAnswer(reader, { notice: 'unavailable', status })
    case 'NOT_FOUND':
      return { ...link.unknown(reader), status }
    case 'BAD_USER_INPUT':
    case 'QUERY_TOO_COSTLY':
      return noticeAnswer(reader, { notice: 'incomplete', status })
    default:
      return bugAnswer(reader, requestId)
  }
}

/** The error handler of this route: it answers with a page, because people read it. */
const refuseWithPage =
  ({ link, needs }: Serving) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = refusalOf(error, formType)
    needs.metrics.refusals.inc({ code: failure.code })
    logRefusal(needs.logger.child({ requestId: request.id }), failure)
    const reader = readerOf(request, needs.publicUrl)
    reply.headers(httpAnswerOf(failure).headers)
    return send(reply, reader, answerOfFailure(failure, reader, { link, requestId: request.id }))
  }

/** Adds the page. */
export const addLinkPage = (app: FastifyInstance, link: LinkPage, needs: LinkPageNeeds): void => {
  const serving = { link, needs }
  // A scope of its own, so that forms are parsed only on this route, and this route parses only forms.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: mostFormBytes })
    scope.setErrorHandler(refuseWithPage(serving))
    const answering = (answer: typeof show) => async (request: FastifyRequest, reply: FastifyReply) =>
      await send(
        reply,
        readerOf(request, needs.publicUrl),
        await needs.requestScope.run(request.id, async () => await answer(request, serving)),
      )
    scope.get(link.path, answering(show))
    scope.post(link.path, answering(press))
  })
}
