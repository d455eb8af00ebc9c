// What was wrong with a form of the sign-in page, in the words of its method.
import { type Failure, failureSentences } from '../failure.js'
import type { SentForm } from './sign-in-answer.js'
import { EmptyField, type FormProblem, fieldsOf } from './sign-in-form.js'
import { refusalOfCode, signInWords } from './sign-in-words.js'

/** The problem of a failure, at the field that it names if people fill that in. */
export const problemOf = (
  failure: Failure,
  { way, step, challengeId, fields, locale }: SentForm,
): FormProblem => {
  const words = signInWords[locale]
  const form = way.form.words[locale]
  const typed = fieldsOf(way.form, step, challengeId).filter(({ name }) => name in form.fields)
  const problem = (sentence: string, field: string | null): FormProblem => ({
    way: way.name,
    field,
    sentence,
    given: fields,
  })
  const { field, retryAfterSeconds } = failure.details
  switch (failure.code) {
    case 'RATE_LIMITED':
      return problem(words.tooMany(retryAfterSeconds ?? 1), null)
    case 'BAD_USER_INPUT': {
      const found = typed.find(({ name }) => name === field)
      if (found === undefined) return problem(words.refusals.again, null)
      if (failure instanceof EmptyField) return problem(words.empty, found.name)
      return problem(form.fields[found.name]?.problem ?? words.refusals.again, found.name)
    }
    case 'PROOF_REJECTED': {
      // The sentences of the use cases are in English.
      const isOwn = locale === 'en' && failure.message !== failureSentences.PROOF_REJECTED
      return problem(isOwn ? failure.message : form.refused, typed.at(-1)?.name ?? null)
    }
    default:
      return problem(words.refusals[refusalOfCode[failure.code] ?? 'again'], null)
  }
}
