// The GraphQL schema: resolvers, the methods' inputs, and the directives that are enforced.
import { printSchemaWithDirectives } from '@graphql-tools/utils'
import {
  GraphQLInputObjectType,
  type GraphQLSchema,
  lexicographicSortSchema,
  specifiedDirectives,
} from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'
import { buildSchemaSync } from 'type-graphql'
import type { Method, MethodDescription } from '../methods/method.js'
import { AccountResolver, type AccountResolverNeeds } from './account.resolver.js'
import { type AuthenticationResolverNeeds, createAuthenticationResolver } from './authentication.resolver.js'
import {
  authenticatedDirective,
  enforceDirectives,
  requiresScopesDirective,
  stepUpDirective,
} from './directives.js'
import { IdentityResolver, type IdentityResolverNeeds } from './identity.resolver.js'
import { createMethodInputs, oneOfInputs } from './method-inputs.js'
import { OperatorResolver, type OperatorResolverNeeds } from './operator.resolver.js'
import { SessionResolver, type SessionResolverNeeds } from './session.resolver.js'

/** Everything that the resolvers work with. */
export interface GraphqlNeeds
  extends AccountResolverNeeds,
    AuthenticationResolverNeeds,
    IdentityResolverNeeds,
    OperatorResolverNeeds,
    SessionResolverNeeds {
  readonly methods: readonly Method[]
}

/** Fields that may be asked without a bearer; every other root field needs one. */
export const publicFields: ReadonlySet<string> = new Set([
  'issueChallenge',
  'signIn',
  'refreshSession',
  'challenge',
  'challengeUpdated',
  'handleAvailable',
  'me',
  'session',
])

const noPubSub = (topic: string): never => {
  throw new Error(`nothing publishes ${topic}`)
}

/** Builds the schema around the rooms. */
export const createSchema = (needs: GraphqlNeeds): GraphQLSchema => {
  const AuthenticationResolver = createAuthenticationResolver(createMethodInputs(needs.methods), needs)
  const instances = new Map<unknown, object>([
    [AccountResolver, new AccountResolver(needs)],
    [IdentityResolver, new IdentityResolver(needs)],
    [SessionResolver, new SessionResolver(needs)],
    [OperatorResolver, new OperatorResolver(needs)],
    [AuthenticationResolver, new AuthenticationResolver()],
  ])
  const schema = buildSchemaSync({
    resolvers: [AccountResolver, IdentityResolver, SessionResolver, AuthenticationResolver, OperatorResolver],
    container: { get: (resolver) => instances.get(resolver) },
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    // Those of the specification are not added to a list, but replaced by it.
    directives: [...specifiedDirectives, authenticatedDirective, requiresScopesDirective, stepUpDirective],
    // It must be given as soon as there is a subscription; ours have sources of their own.
    pubSub: { publish: noPubSub, subscribe: noPubSub },
    validate: false,
  })
  // type-graphql cannot say it, graphql-js enforces and prints it.
  for (const name of oneOfInputs) {
    const input = schema.getType(name)
    if (input instanceof GraphQLInputObjectType) input.isOneOf = true
  }
  enforceDirectives(schema, needs)
  return schema
}

/** Federation's meaning of the two directives that it knows. */
const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@authenticated", "@requiresScopes"])'

/**
 * The SDL as it is committed: sorted, with its directives, which the plain printer would drop. Nothing is resolved while
 * printing, so what the methods are is all that the schema needs.
 */
export const printSdl = (methods: readonly MethodDescription[]): string => {
  const schema = lexicographicSortSchema(createSchema({ methods } as unknown as GraphqlNeeds))
  return `${link}\n\n${printSchemaWithDirectives(schema)}\n`
}
