// /confirm: the page behind an emailed link. Looking at it changes nothing; its button confirms.
import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConfirmationView } from '../challenges/show-confirmation.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import { asFailure, httpOf, logRefusal } from '../graphql/failures.js'
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
import { page, privatePageHeaders } from './page.js'

/** What the confirm page works with. */
export interface ConfirmPageNeeds extends CallOfRequestNeeds {
  readonly publicUrl: string
  readonly requestScope: RequestScope
  readonly logger: Logger
  readonly metrics: Metrics
  /** What the page shows for a link; null when the link is none of ours. Changes nothing. */
  readonly showConfirmation: (call: Call, token: string) => Promise<ConfirmationView | null>
  /** Confirms a link, or counts a wrong match code; null when the link is none of ours. */
  readonly confirmChallenge: (
    call: Call,
    answer: { readonly token: string; readonly matchCode: string },
  ) => Promise<ConfirmationView | null>
}

/** Several times the length of our tokens: what is longer is none and is not looked up. In characters. */
const longestToken = 200
/** Room for a token and a match code, however they are escaped, and not for much more. In bytes. */
const mostFormBytes = 4_096

/** The page's form may be sent to us; else as strict as everywhere. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** A text field of a query or form, or null: one that is given twice is none. */
const fieldOf = (fields: unknown, name: string): string | null => {
  const value: unknown = typeof fields === 'object' && fields !== null ? Reflect.get(fields, name) : null
  return typeof value === 'string' && value !== '' ? value : null
}

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

/** GET and HEAD: mail scanners and previews come here, so nothing changes. */
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

/** A scanner that presses every button has no match code: that never costs a try. */
const askForMatchCode = async (
  { call, reader, token }: { readonly call: Call; readonly reader: Reader; readonly token: string },
  { showConfirmation }: ConfirmPageNeeds,
): Promise<ConfirmAnswer> => {
  const link = await showConfirmation(call, token)
  if (link === null) return unknownConfirmation(reader)
  return confirmationAnswer(reader, link.state === 'open' ? { ...link, state: 'no_match_code' } : link, token)
}

/**
 * The button. No other site can press it for the reader: it would need the token and the match code, and the reader's
 * browser holds nothing, no cookie, that would stand in for them.
 */
const confirm = async (request: FastifyRequest, needs: ConfirmPageNeeds): Promise<ConfirmAnswer> => {
  const reader = readerOf(request, needs.publicUrl)
  const token = fieldOf(request.body, 'token')
  if (token === null) return noticeAnswer(reader, { notice: 'incomplete', status: 400 })
  if (token.length > longestToken) return unknownConfirmation(reader)
  const call = callOfRequest(request, needs)
  // People group digits as they read them.
  const matchCode = fieldOf(request.body, 'matchCode')?.replace(/\s/g, '') ?? ''
  if (matchCode === '') return await askForMatchCode({ call, reader, token }, needs)
  const link = await needs.confirmChallenge(call, { token, matchCode })
  return link === null ? unknownConfirmation(reader) : confirmationAnswer(reader, link, token)
}

const answerOfFailure = (failure: Failure, reader: Reader, requestId: string): ConfirmAnswer => {
  const { status } = httpOf(failure)
  switch (failure.code) {
    case 'RATE_LIMITED':
      return noticeAnswer(reader, { notice: 'tooManyTries', status })
    case 'UNAVAILABLE':
      return noticeAnswer(reader, { notice: 'unavailable', status })
    case 'BAD_USER_INPUT':
      return noticeAnswer(reader, { notice: 'incomplete', status })
    default:
      return bugAnswer(reader, requestId)
  }
}

/** What Fastify refuses before a route is reached is a form that is too long or none; the rest is thrown by us. */
const failureOf = (error: FastifyError): Failure =>
  error.code?.startsWith('FST_ERR_CTP_')
    ? new Failure('BAD_USER_INPUT', undefined, { reason: error.code })
    : asFailure(error)

/** People come here, so what went wrong is a page, too. */
const refuseWithPage =
  (needs: ConfirmPageNeeds) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = failureOf(error)
    needs.metrics.refusals.inc({ code: failure.code })
    logRefusal(needs.logger.child({ requestId: request.id }), failure)
    const reader = readerOf(request, needs.publicUrl)
    reply.headers(Object.fromEntries(httpOf(failure).headers))
    return send(reply, reader, answerOfFailure(failure, reader, request.id))
  }

/** Adds the page. */
export const addConfirmPage = (app: FastifyInstance, needs: ConfirmPageNeeds): void => {
  // In a scope of its own: forms are read here and nowhere else, and nothing else is read here.
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
