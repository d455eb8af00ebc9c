// /sign-in: people prove themselves here for a program without forms of its own, and return to it with a one-time code.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Failure } from '../failure.js'
import { chooseLocale, type Locale } from '../mail/locale.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { fieldOf } from './form-field.js'
import { addFormPage, type FormPageNeeds } from './form-page.js'
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
export interface SignInPageNeeds extends CallOfRequestNeeds, FormPageNeeds, SignInFormNeeds {
  readonly returnUrls: ReturnUrls
}

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

const refuse = (request: FastifyRequest, failure: Failure): SignInOutcome => {
  const locale = localeOf(request)
  const answer =
    failure.code === 'INTERNAL'
      ? signInBug(locale, request.id)
      : noticeOf(locale, 'incomplete', httpAnswerOf(failure).status)
  return pageOf(answer, null, failure)
}

/** Adds the page. */
export const addSignInPage = (app: FastifyInstance, needs: SignInPageNeeds): void =>
  addFormPage<SignInOutcome>(
    app,
    {
      path: '/sign-in',
      mostBytes: mostFormBytes,
      show: async (request) => await show(request, needs),
      submit: async (request) => await submit(request, needs),
      refuse,
      send: (request, reply, outcome) => send(reply, outcome, localeOf(request)),
    },
    needs,
  )
