// The GraphQL resolver of merges: their list, who has acknowledged them, the plan of an undo, the undo; and the decision upon a plan.
import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { type ListMergesNeeds, listMerges } from '../merge/list-merges.js'
import { type MergeByTicketNeeds, mergeByTicket } from '../merge/merge-by-ticket.js'
import { type ShowMergeUndoNeeds, showMergeUndo } from '../merge/show-merge-undo.js'
import { type UndoMergeNeeds, undoMerge } from '../merge/undo-merge.js'
import type { Acknowledgement, WebhookDeliveries } from '../webhooks/webhook-deliveries.js'
import type { GraphqlContext } from './context.js'
import { MergeAcknowledgementType, MergeType, MergeUndoPlanType, shownMerge } from './merge.types.js'
import { MergeAccountsInput } from './merge-plan.types.js'
import { parseId } from './parse-id.js'

/** What the resolver of merges works with. */
export interface MergeResolverNeeds
  extends ListMergesNeeds,
    MergeByTicketNeeds,
    ShowMergeUndoNeeds,
    UndoMergeNeeds {
  readonly webhookDeliveries: WebhookDeliveries
}

/** Queries and mutations of merges. */
@Resolver(() => MergeType)
export class MergeResolver {
  constructor(private readonly needs: MergeResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Query(() => [MergeType], {
    description: 'The last twenty merges of my account, undone ones too, newest first.',
  })
  async merges(@Ctx() { call }: GraphqlContext): Promise<MergeType[]> {
    return (await listMerges(call, this.needs)).map(shownMerge)
  }

  @FieldResolver(() => [MergeAcknowledgementType], {
    description: 'The systems that were told, and whether they have acknowledged; the first twenty.',
  })
  async acknowledgements(
    @Ctx() { call }: GraphqlContext,
    @Root() { id }: MergeType,
  ): Promise<Acknowledgement[]> {
    return await this.needs.webhookDeliveries.acknowledgementsOf(call, [id])
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Query(() => MergeUndoPlanType, {
    description: 'What an undo of this merge would restore, and what would stay with the survivor.',
  })
  async mergeUndoPlan(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the merge.' }) id: string,
  ): Promise<MergeUndoPlanType> {
    const { merge, plan } = await showMergeUndo(call, parseId(id), this.needs)
    return { merge: shownMerge(merge), restores: plan.restores, stays: plan.stays }
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
  @Mutation(() => MergeType, {
    description:
      'Undoes a merge, for whoever proves an identity that either account had when they were merged, also if it was unlinked since.',
  })
  async undoMerge(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of the merge.' }) id: string,
  ): Promise<MergeType> {
    return shownMerge((await undoMerge(call, parseId(id), this.needs)).merge)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
  @Mutation(() => MergeType, {
    description:
      'Merges my account and another one of mine, by the plan that `linkIdentity` gave. If my account is the absorbed one, this session goes on as the survivor’s: refresh it.',
  })
  async mergeAccounts(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => MergeAccountsInput, { description: 'The plan, and what was chosen.' })
    { ticket, survivor, resolutions }: MergeAccountsInput,
  ): Promise<MergeType> {
    const decided = {
      ticket,
      survivorId: survivor == null ? null : parseId(survivor, 'survivor'),
      resolutions: resolutions.map(({ field, from }) => ({ field, from: parseId(from, 'resolutions') })),
    }
    return shownMerge((await mergeByTicket(call, decided, this.needs)).merge)
  }
}
