// The Apollo server: which requests are taken, how errors leave.
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import type { GraphQLSchema } from 'graphql'
import type { ValuesOf } from '../config/setting.js'
import type { GraphqlContext } from './context.js'
import { createFormatError, type FailureEdge } from './failures.js'
import { limitRules } from './limits.js'
import { servedOperationsRule } from './served-operations.js'
import type { graphqlSettings } from './settings.js'
import { wholeRefusal } from './whole-refusal.js'

/** What `startGraphqlServer` needs. */
export interface GraphqlServerOptions extends Omit<FailureEdge, 'suggestions'> {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
}

/** Starts the Apollo server; `http/` feeds it requests. */
export const startGraphqlServer = async (
  options: GraphqlServerOptions,
): Promise<ApolloServer<GraphqlContext>> => {
  const { schema, settings, logger } = options
  const server = new ApolloServer<GraphqlContext>({
    schema,
    introspection: settings.introspection,
    hideSchemaDetailsFromClientErrors: !settings.introspection,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    parseOptions: { maxTokens: settings.maxTokens },
    validationRules: [...limitRules(settings), servedOperationsRule],
    formatError: createFormatError({ ...options, suggestions: settings.introspection }),
    plugins: [ApolloServerPluginLandingPageDisabled(), wholeRefusal],
    logger: {
      debug: (message: unknown) => logger.debug({ detail: message }, 'apollo'),
      info: (message: unknown) => logger.debug({ detail: message }, 'apollo'),
      warn: (message: unknown) => logger.warn({ detail: message }, 'apollo'),
      error: (message: unknown) => logger.error({ detail: message }, 'apollo'),
    },
  })
  await server.start()
  return server
}
