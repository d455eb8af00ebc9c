// The page of a mailed link: a GET changes nothing, a form with the token does. The common part of such pages.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Call } from '../database/call.js'
import type { Failure } from '../failure.js'
import { chooseLocale } from '../mail/locale.js'
import { type CallOfRequestNeeds, callOfRequest } from './call-of-request.js'
import { bugAnswer, type ConfirmAnswer, noticeAnswer, type Reader } from './confirmation-view.js'
import { fieldOf } from './form-field.js'
import { addFormPage, type FormPageNeeds } from './form-page.js'
import { page, privatePageHeaders } from './page.js'
import { httpAnswerOf } from './refusal.js'

/** What a link's page needs. */
export interface LinkPageNeeds extends CallOfRequestNeeds, FormPageNeeds {
  readonly publicUrl: string
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

/** Adds the page. */
export const addLinkPage = (app: FastifyInstance, link: LinkPage, needs: LinkPageNeeds): void => {
  const serving = { link, needs }
  const { path } = link
  addFormPage<ConfirmAnswer>(
    app,
    {
      path,
      mostBytes: mostFormBytes,
      show: async (request) => await show(request, serving),
      submit: async (request) => await press(request, serving),
      refuse: (request, failure) =>
        answerOfFailure(failure, readerOf(request, needs.publicUrl), { link, requestId: request.id }),
      send: (request, reply, answer) => send(reply, readerOf(request, needs.publicUrl), answer),
    },
    needs,
  )
}
