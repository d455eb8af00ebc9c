// The content of the confirm page: the facts of a link and its form, or the reason why there is nothing to confirm.
import type { ConfirmationState, ConfirmationView } from '../challenges/show-confirmation.js'
import type { Locale } from '../mail/locale.js'
import { timeInWords } from '../mail/words.js'
import { browserOf, trustedDeviceNameOf } from '../sessions/device-name.js'
import { type ConfirmNotice, type ConfirmWords, confirmWords } from './confirm-words.js'
import { type Html, html } from './page.js'

/** A page and its HTTP status. */
export interface ConfirmAnswer {
  readonly status: number
  readonly title: string
  readonly body: Html
}

/** The reader of a page. */
export interface Reader {
  readonly locale: Locale
  /** The host of this installation. */
  readonly domain: string
}

/** A page that says why there is nothing to confirm, with `more` below. */
export const noticeAnswer = (
  { locale }: Reader,
  { notice, status, more = null }: { notice: ConfirmNotice; status: number; more?: Html | null },
): ConfirmAnswer => {
  const { title, text } = confirmWords[locale].notices[notice]
  return { status, title, body: html`<h1>${title}</h1>\n<p>${text}</p>${more}` }
}

/** A page for a bug of ours, with the request's id to quote in a report. */
export const bugAnswer = (reader: Reader, requestId: string): ConfirmAnswer =>
  noticeAnswer(reader, {
    notice: 'bug',
    status: 500,
    more: html`\n<p>${confirmWords[reader.locale].requestId} <code>${requestId}</code></p>`,
  })

const deviceInWords = (words: ConfirmWords, device: string | null): string => {
  if (device === null) return words.unknownDevice
  const found = browserOf(device)
  return found === null ? (trustedDeviceNameOf(device) ?? words.unknownDevice) : words.browserOn(found)
}

/** Who asked for something, from where and when. */
export const factsOf = (
  locale: Locale,
  link: Pick<ConfirmationView, 'device' | 'sourceAddress' | 'askedAt'>,
): Html => {
  const words = confirmWords[locale]
  return html`<dl>
  <dt>${words.device}</dt> <dd dir="auto">${deviceInWords(words, link.device)}</dd>
  <dt>${words.sourceAddress}</dt> <dd>${link.sourceAddress}</dd>
  <dt>${words.askedAt}</dt> <dd><time datetime="${link.askedAt.toISOString()}">${timeInWords(link.askedAt, locale)}</time></dd>
</dl>`
}

/** The form that confirms a token. */
interface Form {
  readonly token: string
  readonly button: string
  /** The error text of the match code that was sent, shown at the input; or null. */
  readonly problem: string | null
}

const formOf = (words: ConfirmWords, { token, button, problem }: Form): Html => {
  const error =
    problem === null ? null : html`<p class="alarm" id="match-code-error" role="alert">${problem}</p>`
  const described = problem === null ? 'match-code-hint' : 'match-code-error match-code-hint'
  return html`<form method="post" action="/confirm">
  <input type="hidden" name="token" value="${token}">
  <label for="match-code">${words.matchCode}</label>
  <p class="hint" id="match-code-hint">${words.matchCodeHint}</p>
  ${error}
  <input id="match-code" name="matchCode" inputmode="numeric" autocomplete="off" required autofocus aria-describedby="${described}"${problem === null ? null : html` aria-invalid="true"`}>
  <button>${button}</button>
</form>`
}

/** The HTTP status of each state. */
const statuses: Readonly<Record<ConfirmationState, number>> = {
  open: 200,
  no_match_code: 400,
  wrong_match_code: 422,
  confirmed: 200,
  burnt: 410,
  spent: 410,
  expired: 410,
}

const problemOf = (words: ConfirmWords, { state, triesLeft }: ConfirmationView): string | null => {
  if (state === 'wrong_match_code') return words.wrongMatchCode(triesLeft)
  return state === 'no_match_code' ? words.noMatchCode : null
}

/** The page of a link, with the form if it can still be confirmed. */
export const confirmationAnswer = (reader: Reader, link: ConfirmationView, token: string): ConfirmAnswer => {
  const { state } = link
  const status = statuses[state]
  if (state === 'confirmed' || state === 'burnt' || state === 'spent' || state === 'expired')
    return noticeAnswer(reader, { notice: state, status })
  const words = confirmWords[reader.locale]
  const { title, meaning, button } = words.acts[link.act]
  return {
    status,
    title,
    body: html`<h1>${title}</h1>
<p>${meaning({ domain: reader.domain, ...link })}</p>
${factsOf(reader.locale, link)}
<p class="careful">${words.warning}</p>
${formOf(words, { token, button, problem: problemOf(words, link) })}`,
  }
}
