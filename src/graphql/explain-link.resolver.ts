// The GraphQL resolver that explains what would come of a link.
import { Arg, Ctx, Directive, Query, Resolver } from 'type-graphql'
import { Failure } from '../failure.js'
import { type ExplainLinkNeeds, explainLink, type LinkSide } from '../merge/explain-link.js'
import type { GraphqlContext } from './context.js'
import {
  ExplainLinkInput,
  LinkDecisionType,
  type LinkSideInput,
  linkDecisionOf,
} from './link-decision.types.js'
import { parseId } from './parse-id.js'

/** What the resolver works with. */
export type ExplainLinkResolverNeeds = ExplainLinkNeeds

const sideOf = ({ accountId, identityId, identity }: LinkSideInput, field: string): LinkSide => {
  if (accountId !== undefined) return { kind: 'account', id: parseId(accountId, `${field}.accountId`) }
  if (identityId !== undefined) return { kind: 'identity', id: parseId(identityId, `${field}.identityId`) }
  if (identity !== undefined) return { kind: 'proven', proven: { ...identity } }
  throw new Failure('BAD_USER_INPUT', 'Name an account or an identity.', { field })
}

/** The query. */
@Resolver()
export class ExplainLinkResolver {
  constructor(private readonly needs: ExplainLinkResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Query(() => LinkDecisionType, {
    description:
      'Which rule would fire if one account proved an identity of the other, and why; changes nothing. Operators may ask about all accounts, others about their own account and its identities.',
  })
  async explainLink(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => ExplainLinkInput, { description: 'The two sides.' }) input: ExplainLinkInput,
  ): Promise<LinkDecisionType> {
    const question = {
      own: sideOf(input.own, 'own'),
      other: sideOf(input.other, 'other'),
      survivorId: input.survivor == null ? null : parseId(input.survivor, 'survivor'),
    }
    return linkDecisionOf(await explainLink(call, question, this.needs))
  }
}
