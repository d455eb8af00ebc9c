// Parses an HTTP answer into the data of GraphQL or an error.

import { foreignAnswer, type HttpAnswer, secondsOf } from './http-answer.js'
import { IdemError, type RefusalDetails, refusalCodes } from './idem-error.js'
import type { SecondFactor } from './second-factor.js'

/**
 * The `data` of a GraphQL answer. Throws an `IdemError` with the code of a refusal, or that of `foreignAnswer` if the
 * answer is not GraphQL, such as a proxy's error page.
 */
export const parseAnswer = (answer: HttpAnswer): unknown => {
  const body = parseObject(answer.text)
  const refusal = body === null || !Array.isArray(body['errors']) ? null : asObject(body['errors'][0])
  if (refusal !== null) throw refusedBy(refusal, answer)
  if (body === null || asObject(body['data']) === null) throw foreignAnswer(answer)
  return body['data']
}

const refusedBy = (refusal: Record<string, unknown>, answer: HttpAnswer): IdemError => {
  const message = typeof refusal['message'] === 'string' ? refusal['message'] : 'Refused.'
  const extensions = asObject(refusal['extensions']) ?? {}
  const details = detailsOf(extensions, answer)
  const code = refusalCodes.find((known) => known === extensions['code'])
  if (code === undefined) {
    return new IdemError('UNEXPECTED_ANSWER', `Refused with a code that is not Idem's: ${message}`, details)
  }
  return new IdemError(code, message, details)
}

const detailsOf = (extensions: Record<string, unknown>, answer: HttpAnswer): RefusalDetails => {
  const { requestId, field, maxAgeSeconds } = extensions
  const retryAfterSeconds = extensions['retryAfterSeconds'] ?? secondsOf(answer.retryAfter)
  const requiredScopes = asStringSets(extensions['requiredScopes'])
  const acrValues = asStrings(extensions['acrValues'])
  const secondFactor = asSecondFactor(extensions['secondFactor'])
  return {
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
    ...(typeof field === 'string' ? { field } : {}),
    ...(requiredScopes === null ? {} : { requiredScopes }),
    ...(acrValues === null ? {} : { acrValues }),
    ...(typeof maxAgeSeconds === 'number' ? { maxAgeSeconds } : {}),
    ...(secondFactor === null ? {} : { secondFactor }),
  }
}

const asSecondFactor = (value: unknown): SecondFactor | null => {
  const { id, method, methods } = asObject(value) ?? {}
  const names = asStrings(methods)
  return typeof id === 'string' && typeof method === 'string' && names !== null
    ? { id, method, methods: names }
    : null
}

const asStrings = (value: unknown): readonly string[] | null =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null

const asStringSets = (value: unknown): readonly (readonly string[])[] | null => {
  if (!Array.isArray(value)) return null
  const sets = value.map(asStrings).filter((set) => set !== null)
  return sets.length === value.length ? sets : null
}

const asObject = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null

const parseObject = (text: string): Record<string, unknown> | null => {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return null
  }
}
