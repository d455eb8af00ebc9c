// The GraphQL resolver of identities: the names of their methods.
import { FieldResolver, Resolver, Root } from 'type-graphql'
import type { Identity } from '../identities/identity.js'
import { type MethodVocabulary, methodInWords } from '../mail/words.js'
import { IdentityType } from './account.types.js'

/** What the identity resolver works with. */
export interface IdentityResolverNeeds {
  readonly vocabulary: MethodVocabulary
}

/** Fields of identities. */
@Resolver(() => IdentityType)
export class IdentityResolver {
  constructor(private readonly needs: IdentityResolverNeeds) {}

  @FieldResolver(() => String, {
    description: 'The name of its method in English, for lists: `Ed25519 key`, `email address`.',
  })
  methodName(@Root() { method }: Identity): string {
    return methodInWords(this.needs.vocabulary, method, 'en')
  }
}
