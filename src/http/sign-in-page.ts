// /sign-in: people prove themselves here for a program without forms of its own, and return to it with a one-time code.
import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { logRefusal } from '../graphql/failures.js'
import { chooseLocale, type Locale } from '../mail/locale.js'
import type { RequestScope } from '../runtime/request-scope.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { fieldOf } from './form-field.js'
import { encodingRefusal, refusalOf } from './framework-refusals.js'
import { page, privatePageHeaders } from './page.js'
import { httpAnswerOf } from './refusal.js'
import { isSetUp, type ReturnUrls } from './return-url.js'
import {
  answerForm,
  beginPage,
  formWays,
  pageOf,
  type SignInFormNeeds,
  type SignInOutcome,
} from './sign-in-answer.js'
import { readSignInRequest, type SignInRequest } from './sign-in-request.js'
import { faultOf, noticeOf, type SignInAnswer, signInBug } from './sign-in-view.js'

/** What the sign-in page needs. */
export interface SignInPageNeeds extends CallOfRequestNeeds, SignInFormNeeds {
  readonly requestScope: RequestScope
  readonly returnUrls: ReturnUrls
}

const formType = 'application/x-www-form-urlencoded'
/** Enough for the answer of a passkey and a sealed challenge in any escaping. In bytes. */
const mostFormBytes = 49_152

/** The return URL as a source of a policy, which has no form for an address of IPv6 (CSP 3, 2.3.1): its scheme stands for it. */
const sourceOf = (returnUrl: string): string => {
  const { hostname, origin, protocol } = new URL(returnUrl)
  return hostname.startsWith('[') ? protocol : origin
}

/**
 * Scripts and requests only of this origin. The return URL is allowed for forms, because browsers apply the
 * list to the redirect after a form, too.
 */
const contentSecurityPolicy = (request: SignInRequest | null): string =>
  [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "script-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    `form-action 'self'${request === null ? '' : ` ${sourceOf(request.returnUrl)}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')

const localeOf = (request: FastifyRequest): Locale => chooseLocale(request.headers['accept-language'])

const send = (reply: FastifyReply, outcome: SignInOutcome, locale: Locale): FastifyReply => {
  reply.headers(privatePageHeaders)
  if (outcome.kind === 'return') return reply.code(303).header('location', outcome.location).send('')
  const { answer, request, failure } = outcome
  if (failure !== null) reply.headers(httpAnswerOf(failure).headers)
  return reply
    .code(answer.status)
    .header('content-security-policy', contentSecurityPolicy(request))
    .send(page({ locale, title: answer.title, body: answer.body }))
}

/** The parameters, or the page that says why the sign-in cannot begin. */
const begin = (
  fields: unknown,
  locale: Locale,
  { returnUrls }: SignInPageNeeds,
): SignInRequest | SignInAnswer => {
  if (!isSetUp(returnUrls)) return noticeOf(locale, 'notSetUp', 404)
  const read = readSignInRequest(fields, returnUrls)
  return typeof read === 'string' ? faultOf(locale, read) : read
}

/** GET and HEAD change nothing. */
const show = async (request: FastifyRequest, needs: SignInPageNeeds): Promise<SignInOutcome> => {
  const locale = localeOf(request)
  const begun = begin(request.query, locale, needs)
  if (!('status' in begun)) return beginPage(begun, { locale, wrong: null }, needs)
  const isBare = begun.status === 400 && Object.keys(request.query ?? {}).length === 0
  return pageOf(isBare ? noticeOf(locale, 'about', 200) : begun)
}

/**
 * A form. It needs no protection against cross-site requests: the browser stores nothing, no cookie, that another site
 * could use, and the program that gets the code compares the state with its own.
 */
const submit = async (request: FastifyRequest, needs: SignInPageNeeds): Promise<SignInOutcome> => {
  const encoded = encodingRefusal(request.headers['content-encoding'])
  if (encoded !== null) throw encoded
  const locale = localeOf(request)
  const fields = request.body
  const begun = begin(fields, locale, needs)
  if ('status' in begun) return pageOf(begun)
  const name = fieldOf(fields, 'way')
  const way = formWays(needs.methods).find((each) => each.name === name)
  const step = fieldOf(fields, 'step')
  if (way === undefined || (step !== 'ask' && step !== 'prove'))
    return pageOf(noticeOf(locale, 'incomplete', 400))
  const challengeId = fieldOf(fields, 'challengeId')
  const sent = { way, step, challengeId, fields, request: begun, locale, requestId: request.id } as const
  return await answerForm(callOfRequest(request, needs), sent, needs)
}

/** The error handler of this route: it answers with a page, because people read it. */
const refuseWithPage =
  (needs: SignInPageNeeds) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const failure = refusalOf(error, formType)
    needs.metrics.refusals.inc({ code: failure.code })
    logRefusal(needs.logger.child({ requestId: request.id }), failure)
    const locale = localeOf(request)
    const answer =
      failure.code === 'INTERNAL'
        ? signInBug(locale, request.id)
        : noticeOf(locale, 'incomplete', httpAnswerOf(failure).status)
    return send(reply, pageOf(answer, null, failure), locale)
  }

/** Adds the page. */
export const addSignInPage = (app: FastifyInstance, needs: SignInPageNeeds): void => {
  // A scope of its own, so that forms are parsed only on this route, and this route parses only forms.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: mostFormBytes })
    scope.setErrorHandler(refuseWithPage(needs))
    const answering = (answer: typeof show) => async (request: FastifyRequest, reply: FastifyReply) =>
      await send(
        reply,
        await needs.requestScope.run(request.id, async () => await answer(request, needs)),
        localeOf(request),
      )
    scope.get('/sign-in', answering(show))
    scope.post('/sign-in', answering(submit))
  })
}
