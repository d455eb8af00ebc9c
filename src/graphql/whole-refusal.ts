// Gives a request of which nothing came the HTTP status of its refusal, so that clients and proxies know when to come back.
import type { ApolloServerPlugin, BaseContext } from '@apollo/server'
import { type FormattedExecutionResult, Kind, type OperationDefinitionNode } from 'graphql'
import { statusOfCode } from './failures.js'

/** The refusals that HTTP has a status and `Retry-After` for, wherever in the request they arise. */
const isRetryable = (code: unknown): code is 'RATE_LIMITED' | 'UNAVAILABLE' =>
  code === 'RATE_LIMITED' || code === 'UNAVAILABLE'

const cameToNothing = ({ data }: FormattedExecutionResult): boolean =>
  data === null || data === undefined || Object.values(data).every((value) => value === null)

/** Of several fields, or a fragment that may hold several, the first ones may have been done. */
const asksOneField = ({ selectionSet: { selections } }: OperationDefinitionNode): boolean =>
  selections.length === 1 && selections[0]?.kind === Kind.FIELD

/** 429 or 503 with `Retry-After` where the one field that was asked for was refused so. */
export const wholeRefusal: ApolloServerPlugin<BaseContext> = {
  requestDidStart: async () => ({
    willSendResponse: async ({ response, operation }) => {
      // The answer to what was partly done must not invite a repetition.
      if (response.body.kind !== 'single' || operation === undefined || !asksOneField(operation)) return
      const { singleResult } = response.body
      const [first] = singleResult.errors ?? []
      const code = first?.extensions?.['code']
      if (!isRetryable(code) || !cameToNothing(singleResult)) return
      response.http.status = statusOfCode(code)
      response.http.headers.set('retry-after', String(first?.extensions?.['retryAfterSeconds'] ?? 1))
    },
  }),
}
