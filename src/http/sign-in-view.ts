// The content of the sign-in page: the ways to sign in, what a challenge asks, or why the sign-in cannot go on.
import type { StandingChallenge } from '../authentication/standing-challenge.js'
import type { Locale } from '../mail/locale.js'
import type { MethodForm } from '../methods/form.js'
import { type Html, html } from './page.js'
import { type FormProblem, formOf } from './sign-in-form.js'
import { parametersOf, type SignInRequest, type SignInRequestFault } from './sign-in-request.js'
import { type ScriptWords, type SignInWords, signInWords } from './sign-in-words.js'

/** A page and its HTTP status. */
export interface SignInAnswer {
  readonly status: number
  readonly title: string
  readonly body: Html
}

/** A method that the page offers. */
export interface Way {
  readonly name: string
  readonly form: MethodForm
}

/** What every page of a sign-in shows. */
export interface SignInFrame {
  readonly request: SignInRequest
  readonly locale: Locale
  /** The host of this installation. */
  readonly domain: string
  /** Null if nothing was wrong. */
  readonly problem: FormProblem | null
  readonly status: number
}

/** A page without a form. */
export const noticeOf = (
  locale: Locale,
  notice: 'notSetUp' | 'about' | 'incomplete',
  status: number,
): SignInAnswer => {
  const { title, text } = signInWords[locale][notice]
  return { status, title, body: html`<h1>${title}</h1>\n<p>${text}</p>` }
}

/** A page for a request that cannot begin; nobody is sent anywhere. */
export const faultOf = (locale: Locale, fault: SignInRequestFault): SignInAnswer => {
  const { faultTitle, faults } = signInWords[locale]
  return { status: 400, title: faultTitle, body: html`<h1>${faultTitle}</h1>\n<p>${faults[fault]}</p>` }
}

/** A page for a bug of ours, with the request's id to quote in a report. */
export const signInBug = (locale: Locale, requestId: string): SignInAnswer => {
  const words = signInWords[locale]
  const { title, text } = words.bug
  return {
    status: 500,
    title,
    body: html`<h1>${title}</h1>\n<p>${text}</p>\n<p>${words.requestId} <code>${requestId}</code></p>`,
  }
}

const purposeOf = (words: SignInWords, { request, domain }: SignInFrame): Html =>
  html`<p>${words.purpose({ program: new URL(request.returnUrl).host, domain })}</p>`

/** Where the page's script says what is going on and what went wrong: there from the start, for screen readers. */
const scriptPlaces = html`<p class="alarm" role="alert" id="script-problem"></p>
<p class="hint" role="status" id="script-status"></p>`

/** The page's script, and what it says in the language of the page. */
const scriptOf = (words: ScriptWords): Html =>
  html`<template id="script-words" data-words="${JSON.stringify(words)}"></template>
<script type="module" src="/browser/sign-in-page.js"></script>`

/** What was wrong with a form that the page does not show again. */
const lostProblem = (problem: FormProblem | null, shown: readonly string[]): Html | null =>
  problem === null || shown.includes(problem.way)
    ? null
    : html`<p class="alarm" role="alert">${problem.sentence}</p>`

/** First what people fill in, then what their device does, then what needs nothing. */
const placeOf = ({ form }: Way): number => {
  if (form.byScript) return 1
  return (form.asks ?? form.proves).length > 0 ? 0 : 2
}

/** The page with all ways to sign in. */
export const waysAnswer = (frame: SignInFrame, ways: readonly Way[]): SignInAnswer => {
  const { locale, status, problem } = frame
  const words = signInWords[locale]
  const shownOf = ({ name, form }: Way): Html =>
    formOf({
      ...frame,
      way: name,
      form,
      step: form.asks === undefined ? 'prove' : 'ask',
      challengeId: null,
      isFocused: false,
    })
  const [typed, others] = [
    ways.filter((way) => placeOf(way) === 0),
    ways.filter((way) => placeOf(way) > 0).toSorted((one, other) => placeOf(one) - placeOf(other)),
  ]
  return {
    status,
    title: words.title,
    body: html`<h1>${words.title}</h1>
${purposeOf(words, frame)}
${lostProblem(
  problem,
  ways.map(({ name }) => name),
)}
${typed.map(shownOf)}
${others.length === 0 ? null : html`<section aria-labelledby="other-ways"><h2 id="other-ways">${words.otherWays}</h2>\n${scriptPlaces}\n${others.map(shownOf)}\n</section>`}
${scriptOf(words.script)}`,
  }
}

/** A challenge, with the code that the page of its mail's link asks for. */
export interface ShownChallenge extends StandingChallenge {
  /** Null without a mail. */
  readonly matchCode: string | null
}

const mailOf = (words: SignInWords, { challenge, mailState, matchCode }: ShownChallenge): Html | null => {
  if (mailState === null || matchCode === null) return null
  if (mailState === 'refused') return html`<p class="alarm" role="alert">${words.undelivered}</p>`
  const { subject, firstFactor } = challenge
  // After a first proof the address is not told: a thief of the first proof would learn it.
  const sent = subject === null || firstFactor !== null ? words.sentToOwn : words.sentTo(subject)
  return html`<p>${sent}</p>
<dl>
  <dt>${words.matchCode}</dt> <dd><b>${matchCode}</b></dd>
</dl>`
}

/** Asks for another mail, where the way asks for its challenges by a form and nothing was proven yet. */
const againOf = (words: SignInWords, way: Way, { frame, standing }: Asked): Html | null => {
  const { mailState, retryAfterSeconds, challenge } = standing
  if (mailState === null || challenge.firstFactor !== null || way.form.asks === undefined) return null
  if (retryAfterSeconds !== null && retryAfterSeconds > 0)
    return html`<p class="hint">${words.sendAgainIn(retryAfterSeconds)}</p>`
  const [field] = way.form.asks
  const values = {
    ...parametersOf(frame.request),
    way: way.name,
    step: 'ask',
    [field?.name ?? '']: challenge.subject ?? '',
  }
  return html`<form method="post" action="/sign-in" data-step="again">
  ${Object.entries(values).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
  <button class="quiet">${words.sendAgain}</button>
</form>`
}

interface Asked {
  readonly frame: SignInFrame
  readonly standing: ShownChallenge
}

/** The page that asks for the answer to a challenge, by one of these ways. */
export const challengeAnswer = (
  frame: SignInFrame,
  standing: ShownChallenge,
  ways: readonly Way[],
): SignInAnswer => {
  const { locale, status, problem, request } = frame
  const words = signInWords[locale]
  const [first, ...rest] = ways
  const isSecond = standing.challenge.firstFactor !== null
  const title = isSecond ? words.secondFactor.title : (first?.form.words[locale].title ?? words.title)
  const shownOf = (way: Way, isFocused: boolean): Html => {
    const { explanation } = way.form.words[locale]
    return html`${explanation === null ? null : html`<p>${explanation}</p>`}
${formOf({ ...frame, way: way.name, form: way.form, step: 'prove', challengeId: standing.id, isFocused })}`
  }
  return {
    status,
    title,
    body: html`<h1>${title}</h1>
${purposeOf(words, frame)}
${isSecond ? html`<p>${words.secondFactor.text}</p>` : null}
${mailOf(words, standing)}
${lostProblem(
  problem,
  ways.map(({ name }) => name),
)}
${scriptPlaces}
${first === undefined ? null : shownOf(first, true)}
${rest.map((way) => html`<section aria-label="${way.form.words[locale].title}"><h2>${words.instead}</h2>\n${shownOf(way, false)}</section>`)}
${first === undefined ? null : againOf(words, first, { frame, standing })}
<p><a href="/sign-in?${new URLSearchParams(parametersOf(request)).toString()}">${words.back}</a></p>
${scriptOf(words.script)}`,
  }
}
