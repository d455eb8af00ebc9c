// Logs and counts the errors of a request; equal errors are one log line.
import type { ApolloServerPlugin, BaseContext } from '@apollo/server'
import type { Failure } from '../failure.js'
import { logRefusal } from './failures.js'
import { type FailureEdge, failureOf } from './format-error.js'

/** Logs and counts the errors of one request. */
export const logErrors = (edge: FailureEdge, errors: readonly unknown[]): void => {
  const alike = new Map<string, { readonly failure: Failure; readonly count: number }>()
  for (const error of errors) {
    const failure = failureOf(error, edge.suggestions)
    const key = `${failure.code} ${failure.details.reason ?? ''}`
    const before = alike.get(key)
    alike.set(key, { failure: before?.failure ?? failure, count: (before?.count ?? 0) + 1 })
  }
  for (const { failure, count } of alike.values()) {
    edge.metrics.refusals.inc({ code: failure.code })
    logRefusal(edge.logger, failure, { count })
  }
}

/** The same in the hooks of Apollo that have an error before or outside of an operation. */
export const refusalLog = (edge: FailureEdge): Omit<ApolloServerPlugin<BaseContext>, 'requestDidStart'> => ({
  contextCreationDidFail: async ({ error }) => logErrors(edge, [error]),
  invalidRequestWasReceived: async ({ error }) => logErrors(edge, [error]),
  unexpectedErrorProcessingRequest: async ({ error }) => logErrors(edge, [error]),
})
