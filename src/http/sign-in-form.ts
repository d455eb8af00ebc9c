// The forms of the sign-in page: made from what the methods ask, and read back as the inputs of the use cases.
import { Failure } from '../failure.js'
import type { Locale } from '../mail/locale.js'
import type { FieldWords, FormField, FormWords, MethodForm } from '../methods/form.js'
import { isStorable } from '../text/stored-text.js'
import { fieldOf } from './form-field.js'
import { type Html, html } from './page.js'
import { parametersOf, type SignInRequest } from './sign-in-request.js'

/** What a form does: asks for a challenge, or gives a proof. */
export type FormStep = 'ask' | 'prove'

/** What was wrong with the form that was sent. */
export interface FormProblem {
  /** The method of the form. */
  readonly way: string
  /** The field that is wrong; null if it is none, or not known. */
  readonly field: string | null
  readonly sentence: string
  /** What was sent, of which secrets are not shown again. */
  readonly given: unknown
}

/** A form to show. */
export interface ShownForm {
  readonly way: string
  readonly form: MethodForm
  readonly step: FormStep
  /** The challenge that it answers; null if there is none. */
  readonly challengeId: string | null
  readonly request: SignInRequest
  readonly locale: Locale
  readonly problem: FormProblem | null
  /** True for the field that gets the focus if none is wrong. */
  readonly isFocused: boolean
}

/** The fields of a step; with a challenge those that it does not answer itself. */
export const fieldsOf = (
  form: MethodForm,
  step: FormStep,
  challengeId: string | null,
): readonly FormField[] => {
  if (step === 'ask') return form.asks ?? []
  return challengeId === null ? form.proves : form.proves.filter(({ onlyAlone }) => onlyAlone !== true)
}

const isTyped = ({ kind }: FormField): boolean => kind !== 'script' && kind !== 'script-json'

const wordsOf = ({ fields }: FormWords, { name }: FormField): FieldWords => {
  const words = fields[name]
  if (words === undefined) throw new Error(`the field ${name} has no words`)
  return words
}

/** The page's own names, which no field of a method may have. */
export const ownNames = [
  'return_url',
  'state',
  'code_challenge',
  'code_challenge_method',
  'login_hint',
  'way',
  'step',
  'challengeId',
]

const hidden = (
  name: string,
  value: string,
): Html => html`<input type="hidden" name="${name}" value="${value}">
  `

const attributesOf: Readonly<Record<FormField['kind'], Html>> = {
  text: html`type="text" class="text" autocapitalize="none" spellcheck="false"`,
  email: html`type="email" class="text" inputmode="email" autocapitalize="none" spellcheck="false"`,
  password: html`type="password" class="text"`,
  code: html`type="text" inputmode="text" autocapitalize="characters" spellcheck="false"`,
  digits: html`type="text" inputmode="numeric"`,
  script: html`type="hidden"`,
  'script-json': html`type="hidden"`,
}

/** Passwords and codes are typed again. The hint of the program stands for the name that was not given yet. */
const givenIn = ({ name, kind }: FormField, { problem, way, request }: ShownForm): string => {
  if (kind !== 'text' && kind !== 'email') return ''
  return (problem?.way === way ? fieldOf(problem.given, name) : null) ?? request.loginHint ?? ''
}

const inputOf = (field: FormField, shown: ShownForm): Html => {
  const { way, form, locale, problem, step, isFocused } = shown
  if (!isTyped(field)) return html`<input ${attributesOf[field.kind]} name="${field.name}">`
  const { label, hint } = wordsOf(form.words[locale], field)
  const id = `${way}-${field.name}`
  const isWrong = problem?.way === way && problem.field === field.name
  const described = [isWrong ? `${id}-error` : null, hint === undefined ? null : `${id}-hint`]
  const ids = described.filter((each) => each !== null).join(' ')
  const isFirst = fieldsOf(form, step, shown.challengeId).find(isTyped) === field
  return html`<label for="${id}">${label}</label>
  ${hint === undefined ? null : html`<p class="hint" id="${id}-hint">${hint}</p>`}
  ${isWrong ? html`<p class="alarm" id="${id}-error" role="alert">${problem.sentence}</p>` : null}
  <input id="${id}" name="${field.name}" ${attributesOf[field.kind]} autocomplete="${field.autocomplete}" value="${givenIn(field, shown)}"${field.optional ? null : html` required`}${isWrong || (isFirst && isFocused) ? html` autofocus` : null}${ids === '' ? null : html` aria-describedby="${ids}"`}${isWrong ? html` aria-invalid="true"` : null}>
  `
}

/** The form with its flow in hidden fields, so that nothing is stored between the pages and tabs do not meet. */
export const formOf = (shown: ShownForm): Html => {
  const { way, form, step, challengeId, request, locale, problem } = shown
  const words = form.words[locale]
  const fields = fieldsOf(form, step, challengeId)
  const isQuiet = !fields.some(isTyped)
  // Also what was wrong with a field of another step.
  const isAtField = fields.some(({ name }) => name === problem?.field)
  const general = problem?.way === way && !isAtField ? problem.sentence : null
  return html`<form method="post" action="/sign-in" data-way="${way}" data-step="${step}"${form.byScript && isQuiet ? html` hidden` : null}>
  ${Object.entries({ ...parametersOf(request), way, step }).map(([name, value]) => hidden(name, value))}${challengeId === null && !form.byScript ? null : hidden('challengeId', challengeId ?? '')}
  ${general === null ? null : html`<p class="alarm" role="alert">${general}</p>`}
  ${fields.map((field) => inputOf(field, shown))}
  <button${isQuiet ? html` class="quiet"` : null}>${challengeId === null ? words.begin : words.go}</button>
</form>`
}

/** The value of a field that was sent, or null. Throws `BAD_USER_INPUT`. */
const readField = ({ name, kind }: FormField, sent: unknown): unknown => {
  const text = fieldOf(sent, name)
  if (text === null) return null
  const malformed = (): Failure => new Failure('BAD_USER_INPUT', undefined, { field: name })
  // PostgreSQL stores no U+0000.
  if (!isStorable(text)) throw malformed()
  if (kind !== 'script-json') return text
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Said below.
  }
  throw malformed()
}

/** An empty field that must not be: people see it at the field. */
export class EmptyField extends Failure {
  constructor(field: string) {
    super('BAD_USER_INPUT', undefined, { field })
  }
}

/** The input that a form gives, by the names of the method's GraphQL input. Throws `BAD_USER_INPUT`. */
export const readForm = (fields: readonly FormField[], sent: unknown): object => {
  const values = fields.map((field) => [field, readField(field, sent)] as const)
  for (const [{ name, optional }, value] of values)
    if (value === null && optional !== true) throw new EmptyField(name)
  return Object.fromEntries(
    values.filter(([, value]) => value !== null).map(([{ name }, value]) => [name, value]),
  )
}
