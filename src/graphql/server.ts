// The Apollo server: the options for requests and errors.
import { ApolloServer, type GraphQLRequestListener } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled'
import type { GraphQLSchema } from 'graphql'
import type { ValuesOf } from '../config/setting.js'
import { titleOf } from '../runtime/adopt-console.js'
import { createDocumentCheck } from './check-document.js'
import { checkedDocuments } from './checked-documents.js'
import type { GraphqlContext } from './context.js'
import { DocumentStore } from './document-store.js'
import { createFormatError, type FailureEdge } from './format-error.js'
import type { ListBounds } from './list-lengths.js'
import { logErrors, refusalLog } from './refusal-log.js'
import { servedOperationsRule } from './served-operations.js'
import type { graphqlSettings } from './settings.js'
import { wholeRefusal } from './whole-refusal.js'

/** What `startGraphqlServer` needs. */
export interface GraphqlServerOptions extends Omit<FailureEdge, 'suggestions'> {
  readonly schema: GraphQLSchema
  readonly settings: ValuesOf<typeof graphqlSettings>
  readonly lists: ListBounds
}

/** Starts the Apollo server, which `http/` calls. */
export const startGraphqlServer = async (
  options: GraphqlServerOptions,
): Promise<ApolloServer<GraphqlContext>> => {
  const { schema, settings, lists, logger } = options
  const check = createDocumentCheck({ schema, settings, lists, servedOperations: servedOperationsRule })
  const edge = { ...options, suggestions: settings.introspection }
  // One listener, because Apollo awaits every hook of each of them in every request.
  const listener: GraphQLRequestListener<GraphqlContext> = {
    ...checkedDocuments(check, edge),
    ...wholeRefusal,
    didEncounterErrors: async ({ errors }) => logErrors(edge, errors),
  }
  const server = new ApolloServer<GraphqlContext>({
    schema,
    introspection: settings.introspection,
    hideSchemaDetailsFromClientErrors: !settings.introspection,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    persistedQueries: false,
    documentStore: new DocumentStore(),
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    parseOptions: { maxTokens: settings.maxTokens },
    // Our own check replaces it; see checked-documents.
    dangerouslyDisableValidation: true,
    formatError: createFormatError(edge),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      // It wraps every resolver to find out how long an answer may be cached. No answer may: see http/graphql-route.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      { ...refusalLog(edge), requestDidStart: async () => listener },
    ],
    logger: {
      debug: (message: unknown) => logger.debug({ detail: titleOf(message) }, 'apollo'),
      info: (message: unknown) => logger.debug({ detail: titleOf(message) }, 'apollo'),
      warn: (message: unknown) => logger.warn({ detail: titleOf(message) }, 'apollo'),
      error: (message: unknown) => logger.error({ detail: titleOf(message) }, 'apollo'),
    },
  })
  await server.start()
  return server
}
