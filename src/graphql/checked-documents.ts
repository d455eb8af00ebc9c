// The Apollo plugin that checks documents and variables before execution.
import { type BaseContext, type GraphQLRequestListener, HeaderMap } from '@apollo/server'
import type { DocumentCheck } from './check-document.js'
import { problemsOfVariables } from './check-text.js'
import { createFormatError, type FailureEdge } from './format-error.js'
import { logErrors } from './refusal-log.js'
import { isSubscriptionElsewhere } from './served-operations.js'

/** A document that is refused as a whole is a bad request (GraphQL over HTTP 6.4.1). */
const refusedStatus = 400
/** A subscription is answered with events, which this route does not send (RFC 9110 15.5.7). */
const notAcceptableStatus = 406

/**
 * Refuses documents in which `check` finds an error, and variables with text that cannot be stored. Apollo's own
 * validation runs all rules at once, including the expensive ones, on documents that exceed a limit; therefore it is
 * off, and this replaces it.
 */
export const checkedDocuments = (
  check: DocumentCheck,
  edge: FailureEdge,
): Pick<GraphQLRequestListener<BaseContext>, 'responseForOperation'> => {
  const formatError = createFormatError(edge)
  return {
    responseForOperation: async ({ document, request }) => {
      const ofDocument = check(document)
      const problems = ofDocument.length > 0 ? ofDocument : problemsOfVariables(request.variables)
      if (problems.length === 0) return null
      logErrors(edge, problems)
      const status = problems.every(isSubscriptionElsewhere) ? notAcceptableStatus : refusedStatus
      const errors = problems.map((problem) => formatError(problem.toJSON(), problem))
      return {
        http: { status, headers: new HeaderMap() },
        body: { kind: 'single', singleResult: { errors } },
      }
    },
  }
}
