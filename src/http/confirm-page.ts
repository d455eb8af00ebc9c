// /confirm: the page of an emailed link. A GET changes nothing; the button confirms.
import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConfirmationView } from '../challenges/show-confirmation.js'
import type { Call } from '../database/call.js'
import type { Failure } from '../failure.js'
import { logRefusal } from '../graphql/failures.js'
import { chooseLocale } from '../mail/locale.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import {
  bugAnswer,
  type ConfirmAnswer,
  confirmationAnswer,
  noticeAnswer,
  type Reader,
} from './confirmation-view.js'
import { fieldOf } from './form-field.js'
import { encodingRefusal, refusalOf } from './framework-refusals.js'
import { page, privatePageHeaders } from './page.js'
import { httpAnswerOf } from './refusal.js'

/** What the confirm page needs. */
export interface ConfirmPageNeeds extends CallOfRequestNeeds {
  readonly publicUrl: string
  readonly requestScope: RequestScope
  readonly logger: Logger
  readonly metrics: Metrics
  /** The state of a link; null if we did not issue its token. Changes nothing. */
  readonly showConfirmation: (call: Call, token: string) => Promise<ConfirmationView | null>
  /** Confirms a link, or counts a wrong match code; null if we did not issue its token. */
  readonly confirmChallenge: (
    call: Call,
    answer: { readonly token: string; readonly matchCode: string },
  ) => Promise<ConfirmationView | null>
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

const unknownConfirmation = (reader: Reader): ConfirmAnswer =>
  noticeAnswer(reader, { notice: 'unknown', status: 404 })

/** GET and HEAD. Mail scanners and link previews call them, so they change nothing. */
const show = async (request: FastifyRequest, needs: ConfirmPageNeeds): Promise<ConfirmAnswer> => {
  const reader = readerOf(request, needs.publicUrl)
  const token = fieldOf(request.query, 'token')
  const link =
    token === null || token.length > longestToken
      ? null
      : await needs.showConfirmation(callOfRequest(request, needs), token)
  if (token === null || link === null) return unknownConfirmation(reader)
  return confirmationAnswer(reader, link, token)
}

/**
 * The button. It needs no protection against cross-site requests: another site would need the token and the match code,
 * and the browser stores nothing, no cookie, that could replace them.
 */
const confirm = async (request: FastifyRequest, needs: ConfirmPageNeeds): Promise<ConfirmAnswer> => {
  const encoded = encodingRefusal(request.headers['content-encoding'])
  if (encoded !== null) throw encoded
  const reader = readerOf(request, needs.publicUrl)
  const token = fieldOf(request.body, 'token')
  if (token === null) return noticeAnswer(reader, { notice: 'incomplete', status: 400 })
  if (token.length > longestToken) return unknownConfirmation(reader)
  const call = callOfRequest(request, needs)
  // A form without a match code costs no try, because scanners that press every button send such forms.
  const matchCode = fieldOf(request.body, 'matchCode') ?? ''
  const link = await needs.confirmChallenge(call, { token, matchCode })
  return link === null ? unknownConfirmation(reader) : confirmationAnswer(reader, link, token)
}

const answerOfFailure = (failure: Failure, reader: Reader, requestId: string): ConfirmAnswer => {
  const { status } = httpAnswerOf(failure)
  switch (failure.code) {
    case 'RATE_LIMITED':
      return noticeAnswer(reader, { notice: 'tooManyTries', status })
    case 'UNAVAILABLE':
      return noticeAnswer(reader, { notice: 'unavailable', status })
    case 'NOT_FOUND':
      return noticeAnswer(reader, { notice: 'unknown', status })
    case 'BAD_USER_INPUT':
    case 'QUERY_TOO_COSTLY':
      return noticeAnswer(reader, { notice: 'incomplete', status })
    default:
      return bugAnswer(reader, requestId)
  }
}

/** The error handler of this route: it answers with a page, because people read it. */
const refuseWithPage =
  (needs: ConfirmPageNeeds) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = refusalOf(error, formType)
    needs.metrics.refusals.inc({ code: failure.code })
    logRefusal(needs.logger.child({ requestId: request.id }), failure)
    const reader = readerOf(request, needs.publicUrl)
    reply.headers(httpAnswerOf(failure).headers)
    return send(reply, reader, answerOfFailure(failure, reader, request.id))
  }

/** Adds the page. */
export const addConfirmPage = (app: FastifyInstance, needs: ConfirmPageNeeds): void => {
  // A scope of its own, so that forms are parsed only on this route, and this route parses only forms.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: mostFormBytes })
    scope.setErrorHandler(refuseWithPage(needs))
    const answering = (answer: typeof show) => async (request: FastifyRequest, reply: FastifyReply) =>
      await send(
        reply,
        readerOf(request, needs.publicUrl),
        await needs.requestScope.run(request.id, async () => await answer(request, needs)),
      )
    scope.get('/confirm', answering(show))
    scope.post('/confirm', answering(confirm))
  })
}
