// Sets the HTTP status of a request whose only field was refused, so that clients and proxies know when to try again.
import type { BaseContext, GraphQLRequestListener } from '@apollo/server'
import { type FormattedExecutionResult, Kind, type OperationDefinitionNode } from 'graphql'
import { statusOfCode } from './failures.js'

/** Refusals with an HTTP status and `Retry-After`, wherever in the request they occur. */
const isRetryable = (code: unknown): code is 'RATE_LIMITED' | 'UNAVAILABLE' =>
  code === 'RATE_LIMITED' || code === 'UNAVAILABLE'

const cameToNothing = ({ data }: FormattedExecutionResult): boolean =>
  data === null || data === undefined || Object.values(data).every((value) => value === null)

/** True if the operation has one field. Of several, or of a fragment, the first ones may have been executed. */
const asksOneField = ({ selectionSet: { selections } }: OperationDefinitionNode): boolean =>
  selections.length === 1 && selections[0]?.kind === Kind.FIELD

/** 429 or 503 with `Retry-After` if the only field of the request was refused so. */
export const wholeRefusal: Pick<GraphQLRequestListener<BaseContext>, 'willSendResponse'> = {
  willSendResponse: async ({ response, operation }) => {
    // `Retry-After` must not suggest a repetition of a request that was partly executed.
    if (response.body.kind !== 'single' || operation === undefined || !asksOneField(operation)) return
    const { singleResult } = response.body
    const [first] = singleResult.errors ?? []
    const code = first?.extensions?.['code']
    if (!isRetryable(code) || !cameToNothing(singleResult)) return
    response.http.status = statusOfCode(code)
    response.http.headers.set('retry-after', String(first?.extensions?.['retryAfterSeconds'] ?? 1))
  },
}
