// Builds the GraphQL schema from the resolvers, the methods' inputs and the enforced directives.
import { printSchemaWithDirectives } from '@graphql-tools/utils'
import {
  GraphQLInputObjectType,
  type GraphQLSchema,
  lexicographicSortSchema,
  specifiedDirectives,
} from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'
import { buildSchemaSync } from 'type-graphql'
import type { Method } from '../methods/method.js'
import type { MethodDescription } from '../methods/method-description.js'
import { AccountResolver, type AccountResolverNeeds } from './account.resolver.js'
import { AccountDataResolver, type AccountDataResolverNeeds } from './account-data.resolver.js'
import { type AuthenticationResolverNeeds, createAuthenticationResolver } from './authentication.resolver.js'
import { DeviceResolver, type DeviceResolverNeeds } from './device.resolver.js'
import {
  authenticatedDirective,
  enforceDirectives,
  requiresScopesDirective,
  stepUpDirective,
} from './directives.js'
import { ExplainLinkResolver, type ExplainLinkResolverNeeds } from './explain-link.resolver.js'
import { IdentityResolver, type IdentityResolverNeeds } from './identity.resolver.js'
import { MergeResolver, type MergeResolverNeeds } from './merge.resolver.js'
import { createMethodInputs, oneOfInputs } from './method-inputs.js'
import { OperatorResolver, type OperatorResolverNeeds } from './operator.resolver.js'
import { PasswordResolver, type PasswordResolverNeeds } from './password.resolver.js'
import { PasswordResetResolver, type PasswordResetResolverNeeds } from './password-reset.resolver.js'
import { SecondFactorResolver, type SecondFactorResolverNeeds } from './second-factor.resolver.js'
import { SessionResolver, type SessionResolverNeeds } from './session.resolver.js'
import { WebhookResolver, type WebhookResolverNeeds } from './webhook.resolver.js'

/** What all resolvers need. */
export interface GraphqlNeeds
  extends AccountResolverNeeds,
    AccountDataResolverNeeds,
    AuthenticationResolverNeeds,
    DeviceResolverNeeds,
    ExplainLinkResolverNeeds,
    IdentityResolverNeeds,
    MergeResolverNeeds,
    OperatorResolverNeeds,
    PasswordResolverNeeds,
    PasswordResetResolverNeeds,
    SecondFactorResolverNeeds,
    SessionResolverNeeds,
    WebhookResolverNeeds {
  readonly methods: readonly Method[]
}

/** Root fields without a bearer; every other root field needs one. */
export const publicFields: ReadonlySet<string> = new Set([
  'issueChallenge',
  'signIn',
  'refreshSession',
  'resetPassword',
  'cancelPasswordReset',
  'challenge',
  'challengeUpdated',
  'handleAvailable',
  'me',
  'session',
])

const noPubSub = (topic: string): never => {
  throw new Error(`nothing publishes ${topic}`)
}

/** Builds the schema. */
export const createSchema = (needs: GraphqlNeeds): GraphQLSchema => {
  const AuthenticationResolver = createAuthenticationResolver(createMethodInputs(needs.methods), needs)
  const instances = new Map<unknown, object>([
    [AccountResolver, new AccountResolver(needs)],
    [AccountDataResolver, new AccountDataResolver(needs)],
    [DeviceResolver, new DeviceResolver(needs)],
    [ExplainLinkResolver, new ExplainLinkResolver(needs)],
    [IdentityResolver, new IdentityResolver(needs)],
    [MergeResolver, new MergeResolver(needs)],
    [PasswordResolver, new PasswordResolver(needs)],
    [PasswordResetResolver, new PasswordResetResolver(needs)],
    [SecondFactorResolver, new SecondFactorResolver(needs)],
    [SessionResolver, new SessionResolver(needs)],
    [OperatorResolver, new OperatorResolver(needs)],
    [WebhookResolver, new WebhookResolver(needs)],
    [AuthenticationResolver, new AuthenticationResolver()],
  ])
  const schema = buildSchemaSync({
    resolvers: [
      AccountResolver,
      AccountDataResolver,
      DeviceResolver,
      ExplainLinkResolver,
      IdentityResolver,
      MergeResolver,
      PasswordResetResolver,
      SecondFactorResolver,
      SessionResolver,
      AuthenticationResolver,
      PasswordResolver,
      OperatorResolver,
      WebhookResolver,
    ],
    container: { get: (resolver) => instances.get(resolver) },
    scalarsMap: [{ type: Date, scalar: GraphQLDateTime }],
    // This list replaces the specification's directives, so they are listed too.
    directives: [...specifiedDirectives, authenticatedDirective, requiresScopesDirective, stepUpDirective],
    // type-graphql requires it if there is a subscription, although ours have their own sources.
    pubSub: { publish: noPubSub, subscribe: noPubSub },
    validate: false,
  })
  // type-graphql cannot declare @oneOf; graphql-js enforces and prints it.
  for (const name of oneOfInputs) {
    const input = schema.getType(name)
    if (input instanceof GraphQLInputObjectType) input.isOneOf = true
  }
  enforceDirectives(schema, needs)
  return schema
}

/** Imports the two directives that Apollo Federation defines. */
const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@authenticated", "@requiresScopes"])'

/**
 * The SDL that is committed: sorted, with directives, which graphql-js's printer omits. Nothing is resolved while
 * printing, so the schema needs only the descriptions of the methods.
 */
export const printSdl = (methods: readonly MethodDescription[]): string => {
  const schema = lexicographicSortSchema(createSchema({ methods } as unknown as GraphqlNeeds))
  return `${link}\n\n${printSchemaWithDirectives(schema)}\n`
}
