// Gives a request of which nothing came the HTTP status of its refusal, so that clients and proxies know when to come back.
import type { ApolloServerPlugin, BaseContext } from '@apollo/server'
import type { FormattedExecutionResult } from 'graphql'
import { statusOfCode } from './failures.js'

/** The refusals that HTTP has a status and `Retry-After` for, wherever in the request they arise. */
const isRetryable = (code: unknown): code is 'RATE_LIMITED' | 'UNAVAILABLE' =>
  code === 'RATE_LIMITED' || code === 'UNAVAILABLE'

const cameToNothing = ({ data }: FormattedExecutionResult): boolean =>
  data === null || data === undefined || Object.values(data).every((value) => value === null)

/** 429 or 503 with `Retry-After` where every part of a request was refused so. */
export const wholeRefusal: ApolloServerPlugin<BaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response }) => {
      if (response.body.kind !== 'single') return
      const { singleResult } = response.body
      const [first, ...others] = singleResult.errors ?? []
      const code = first?.extensions?.['code']
      if (!isRetryable(code) || !cameToNothing(singleResult)) return
      if (others.some((error) => error.extensions?.['code'] !== code)) return
      response.http.status = statusOfCode(code)
      response.http.headers.set('retry-after', String(first?.extensions?.['retryAfterSeconds'] ?? 1))
    },
  }),
}
