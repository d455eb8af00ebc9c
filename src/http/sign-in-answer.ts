// Answers the forms of the sign-in page: the next page, the form again with what is wrong, or the way back.
import type { AskedChallenge } from '../authentication/issue-challenge.js'
import type { ProofAtPage, ProvenAtPage } from '../authentication/prove-at-page.js'
import type { StandingChallenge } from '../authentication/standing-challenge.js'
import type { HeldSecrets } from '../challenges/held-secrets.js'
import type { Call } from '../database/call.js'
import type { Failure } from '../failure.js'
import { asFailure, logRefusal } from '../graphql/failures.js'
import type { Locale } from '../mail/locale.js'
import type { Method } from '../methods/method.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { httpAnswerOf } from './refusal.js'
import { withParameters } from './return-url.js'
import { type FormProblem, type FormStep, fieldsOf, readForm } from './sign-in-form.js'
import { problemOf } from './sign-in-problem.js'
import type { SignInRequest } from './sign-in-request.js'
import {
  challengeAnswer,
  type SignInAnswer,
  type SignInFrame,
  signInBug,
  type Way,
  waysAnswer,
} from './sign-in-view.js'

/** What answering the forms needs. */
export interface SignInFormNeeds {
  readonly publicUrl: string
  readonly logger: Logger
  readonly metrics: Metrics
  readonly methods: readonly Method[]
  readonly heldSecrets: HeldSecrets
  readonly issueChallenge: (call: Call, asked: AskedChallenge) => Promise<StandingChallenge>
  readonly getChallenge: (call: Call, id: string) => Promise<StandingChallenge>
  readonly proveAtPage: (call: Call, proof: ProofAtPage) => Promise<ProvenAtPage>
}

/** A page, or the redirect that ends the sign-in. */
export type SignInOutcome =
  | {
      readonly kind: 'page'
      /** Null if there is no request with a return URL that is listed. */
      readonly request: SignInRequest | null
      readonly answer: SignInAnswer
      /** What was refused, or null. */
      readonly failure: Failure | null
    }
  | { readonly kind: 'return'; readonly location: string }

/** A page. */
export const pageOf = (
  answer: SignInAnswer,
  request: SignInRequest | null = null,
  failure: Failure | null = null,
): SignInOutcome => ({ kind: 'page', request, answer, failure })

/** A form that was sent. */
export interface SentForm {
  readonly way: Way
  readonly step: FormStep
  readonly challengeId: string | null
  readonly fields: unknown
  readonly request: SignInRequest
  readonly locale: Locale
  readonly requestId: string
}

/** The methods that have a form. */
export const formWays = (methods: readonly Method[]): readonly Way[] =>
  methods.flatMap(({ name, form }) => (form === undefined ? [] : [{ name, form }]))

/** The page with the ways to begin a sign-in: not those that only complete one. */
export const beginPage = (
  request: SignInRequest,
  place: { readonly locale: Locale; readonly wrong: WrongForm | null },
  needs: SignInFormNeeds,
): SignInOutcome => {
  const first = needs.methods.filter(({ kind }) => kind === 'identity')
  return pageOf(
    waysAnswer(frameOf(request, place, needs), formWays(first)),
    request,
    place.wrong?.failure ?? null,
  )
}

/** A form that is shown again. */
interface WrongForm {
  readonly failure: Failure
  readonly problem: FormProblem
  readonly status: number
}

const frameOf = (
  request: SignInRequest,
  { locale, wrong }: { readonly locale: Locale; readonly wrong: WrongForm | null },
  { publicUrl }: SignInFormNeeds,
): SignInFrame => ({
  request,
  locale,
  domain: new URL(publicUrl).host,
  problem: wrong?.problem ?? null,
  status: wrong?.status ?? 200,
})

/** Answers a form. Throws nothing but what is no failure of the form. */
export const answerForm = async (
  call: Call,
  sent: SentForm,
  needs: SignInFormNeeds,
): Promise<SignInOutcome> => {
  try {
    return await takeForm(call, sent, needs)
  } catch (error) {
    return await refuseForm(call, { sent, failure: asFailure(error) }, needs)
  }
}

const takeForm = async (call: Call, sent: SentForm, needs: SignInFormNeeds): Promise<SignInOutcome> => {
  const { way, step, challengeId, fields, request } = sent
  const given = { [way.name]: readForm(fieldsOf(way.form, step, challengeId), fields) }
  if (step === 'ask') {
    const standing = await needs.issueChallenge(call, { request: given, purpose: 'SIGN_IN' })
    return askFor(standing, { sent, wrong: null }, needs)
  }
  const { codeChallenge, returnUrl, state } = request
  const proven = await needs.proveAtPage(call, { challengeId, proof: given, codeChallenge })
  if (proven.outcome === 'second_factor') return askFor(proven.challenge, { sent, wrong: null }, needs)
  // RFC 9207: the issuer, so that a program with several servers knows whose code it is.
  const location = withParameters(returnUrl, { code: proven.code, state, iss: needs.publicUrl })
  return { kind: 'return', location }
}

/** The page of a challenge. */
const askFor = (
  standing: StandingChallenge,
  { sent, wrong }: { readonly sent: SentForm; readonly wrong: WrongForm | null },
  needs: SignInFormNeeds,
): SignInOutcome => {
  const { request, locale } = sent
  const { challenge, mailState, methods } = standing
  const matchCode = mailState && needs.heldSecrets.matchCode(challenge.nonce)
  const ways = formWays(needs.methods)
  const answering = methods.flatMap((name) => ways.filter((way) => way.name === name))
  const frame = frameOf(request, { locale, wrong }, needs)
  const answer = challengeAnswer(frame, { ...standing, matchCode }, answering)
  return pageOf(answer, request, wrong?.failure ?? null)
}

/** What no further answer to the same challenge can mend. */
const isFinal: ReadonlySet<string> = new Set(['CHALLENGE_EXPIRED', 'CHALLENGE_SPENT', 'FORBIDDEN'])

/** The form again with what is wrong, of the same challenge as long as that can be answered. */
const refuseForm = async (
  call: Call,
  { sent, failure }: { readonly sent: SentForm; readonly failure: Failure },
  needs: SignInFormNeeds,
): Promise<SignInOutcome> => {
  needs.metrics.refusals.inc({ code: failure.code })
  logRefusal(needs.logger.child({ requestId: sent.requestId }), failure)
  const { request, locale, challengeId, way } = sent
  if (failure.code === 'INTERNAL') return pageOf(signInBug(locale, sent.requestId), null, failure)
  const isOfFields = failure.code === 'PROOF_REJECTED' || failure.code === 'BAD_USER_INPUT'
  const status = isOfFields ? 422 : httpAnswerOf(failure).status
  const wrong = { failure, problem: problemOf(failure, sent), status }
  const isOver = challengeId === null || way.form.byScript === true || isFinal.has(failure.code)
  const standing = isOver ? null : await needs.getChallenge(call, challengeId).catch(() => null)
  if (standing?.status !== 'PENDING' && standing?.status !== 'CONFIRMED')
    return beginPage(request, { locale, wrong }, needs)
  return askFor(standing, { sent, wrong }, needs)
}
