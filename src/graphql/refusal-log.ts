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

/** The same as an Apollo plugin, for each of Apollo's hooks that can have errors. */
export const refusalLog = (edge: FailureEdge): ApolloServerPlugin<BaseContext> => ({
  contextCreationDidFail: async ({ error }) => logErrors(edge, [error]),
  invalidRequestWasReceived: async ({ error }) => logErrors(edge, [error]),
  unexpectedErrorProcessingRequest: async ({ error }) => logErrors(edge, [error]),
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors }) => logErrors(edge, errors),
  }),
})
