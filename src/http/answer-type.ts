// The media type of an answer of GraphQL, chosen before the work: an answer that is not accepted has no effect.
import Negotiator from 'negotiator'
import { HttpRefusal } from './refusal.js'

/** The types that Apollo writes, in its spelling; the first one where both are equally welcome. */
const answerTypes = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8']

/** What clients accept of which the answer is plain JSON. */
const asksForJson: ReadonlySet<string> = new Set(['application/json', '*/*', ''])

/**
 * The `Accept` header for Apollo: null if the answer is JSON, so that it compares no media types to find that out.
 * Apollo itself would refuse only after the operation was executed. Throws the 406 (RFC 9110 15.5.7).
 */
export const answerTypeFor = (accept: string | undefined): string | null => {
  if (accept === undefined || asksForJson.has(accept)) return null
  const type = new Negotiator({ headers: { accept } }).mediaType(answerTypes)
  if (type === undefined)
    throw new HttpRefusal(406, {
      sentence:
        'Answers are JSON here: accept application/json or application/graphql-response+json. ' +
        'Subscriptions are at POST /graphql/stream.',
    })
  return type === answerTypes[0] ? null : type
}
