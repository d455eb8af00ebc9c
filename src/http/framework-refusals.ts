// The refusals of Fastify itself, with our codes and sentences: about addresses and bodies, before a route runs.
import type { FastifyError } from 'fastify'
import type { Failure } from '../failure.js'
import { asFailure } from '../graphql/failures.js'
import { HttpRefusal } from './refusal.js'

/** The refusal for an error that was thrown outside of GraphQL; `mediaType` is the one that the route reads. */
export const refusalOf = (error: FastifyError, mediaType = 'application/json'): Failure => {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpRefusal(413, { sentence: 'The request is too large.', code: 'QUERY_TOO_COSTLY' })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpRefusal(415, {
        sentence: `Send the body as ${mediaType}, and say so with content-type.`,
        headers: { accept: mediaType },
      })
    case 'FST_ERR_BAD_URL':
      return new HttpRefusal(400, { sentence: 'The address is not well-formed.' })
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HttpRefusal(414, { sentence: 'The address is too long.' })
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new HttpRefusal(400, { sentence: 'The request is not well-formed JSON.', reason: error.code })
    default:
      return error.statusCode !== undefined && error.statusCode < 500
        ? new HttpRefusal(400, { sentence: 'The request is not well-formed.', reason: error.code })
        : asFailure(error)
  }
}

/** Refuses a body with a content coding (RFC 9110 8.4): to decompress it would cost work before any limit. */
export const encodingRefusal = (encoding: string | undefined): HttpRefusal | null =>
  encoding === undefined || encoding.toLowerCase() === 'identity'
    ? null
    : new HttpRefusal(415, {
        sentence: 'Send the body without content-encoding: compressed bodies are not read.',
        headers: { 'accept-encoding': 'identity' },
      })
