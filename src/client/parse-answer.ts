// Parses an HTTP answer into the data of GraphQL or an error.

import { IdemError, type RefusalCode, type RefusalDetails, refusalCodes } from './idem-error.js'

/** A complete HTTP answer. */
export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | null
  readonly text: string
}

/**
 * The `data` of a GraphQL answer. Throws an `IdemError` with the code of a refusal, or with `UNEXPECTED_ANSWER` if the
 * answer is not GraphQL, such as a proxy's error page.
 */
export const parseAnswer = (answer: HttpAnswer): unknown => {
  const body = parseObject(answer.text)
  const refusal = body === null || !Array.isArray(body['errors']) ? null : asObject(body['errors'][0])
  if (refusal !== null) throw refusedBy(refusal, answer)
  if (body === null || asObject(body['data']) === null) throw notGraphql(answer)
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
  return {
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
    ...(typeof field === 'string' ? { field } : {}),
    ...(requiredScopes === null ? {} : { requiredScopes }),
    ...(acrValues === null ? {} : { acrValues }),
    ...(typeof maxAgeSeconds === 'number' ? { maxAgeSeconds } : {}),
  }
}

/** The codes for two statuses that a gateway in front of Idem may send with a body of its own. */
const gatewayRefusals: ReadonlyMap<number, RefusalCode> = new Map([
  [429, 'RATE_LIMITED'],
  [503, 'UNAVAILABLE'],
])

const notGraphql = (answer: HttpAnswer): IdemError => {
  const said = `HTTP ${answer.status} without a GraphQL answer`
  const code = gatewayRefusals.get(answer.status)
  if (code === undefined) return new IdemError('UNEXPECTED_ANSWER', `This is not Idem: ${said}.`)
  return new IdemError(code, `Refused before it reached Idem: ${said}.`, detailsOf({}, answer))
}

const secondsOf = (retryAfter: string | null): number | undefined =>
  retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined

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
