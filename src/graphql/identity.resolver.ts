// The GraphQL resolver of identities: the names of their methods, and their labels.
import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type { Identity } from '../identities/identity.js'
import { type RenameIdentityNeeds, renameIdentity } from '../identities/rename-identity.js'
import { type MethodVocabulary, methodInWords } from '../mail/words.js'
import { IdentityType } from './account.types.js'
import type { GraphqlContext } from './context.js'
import { parseId } from './parse-id.js'

/** What the identity resolver works with. */
export interface IdentityResolverNeeds extends RenameIdentityNeeds {
  readonly vocabulary: MethodVocabulary
}

/** Fields and mutations of identities. */
@Resolver(() => IdentityType)
export class IdentityResolver {
  constructor(private readonly needs: IdentityResolverNeeds) {}

  @FieldResolver(() => String, {
    description: 'The name of its method in English, for lists: `Ed25519 key`, `email address`.',
  })
  methodName(@Root() { method }: Identity): string {
    return methodInWords(this.needs.vocabulary, method, 'en')
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Mutation(() => IdentityType, { description: 'Changes what I call an identity of my account.' })
  async renameIdentity(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the identity.' }) id: string,
    @Arg('label', () => String, {
      nullable: true,
      description: 'The new label: at most 100 characters, all of them visible. Null for none.',
    })
    label: string | null,
  ): Promise<Identity> {
    return await renameIdentity(call, { id: parseId(id), label: label ?? null }, this.needs)
  }
}
