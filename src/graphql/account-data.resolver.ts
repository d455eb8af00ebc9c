// The GraphQL resolver of one's data: its export, and the deletion of the account.
import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import { cancelAccountDeletion } from '../account-data/cancel-account-deletion.js'
import { type DeleteAccountNeeds, deleteAccount } from '../account-data/delete-account.js'
import { type ExportAccountNeeds, exportAccount } from '../account-data/export-account.js'
import type { Account } from '../accounts/account.js'
import { deletionDays } from '../accounts/deletion.js'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { AccountType } from './account.types.js'
import type { GraphqlContext } from './context.js'

/** What the resolver of one's data works with. */
export interface AccountDataResolverNeeds extends DeleteAccountNeeds, ExportAccountNeeds {}

/** The answer to the beginning of a deletion. */
@ObjectType('AccountDeletion', { simpleResolvers: true, description: 'A deletion that has begun.' })
export class AccountDeletionType {
  @Field(() => AccountType, { description: 'The account, which works as before until then.' })
  account!: AccountType

  @Field(() => Date, {
    description: 'From when on it is deleted. Until it is, cancelAccountDeletion keeps it.',
  })
  dueAt!: Date
}

const recently = `@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds}, exempt: [ANONYMOUS])`

/** Mutations about one's data. */
@Resolver()
export class AccountDataResolver {
  constructor(private readonly needs: AccountDataResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Directive(recently)
  @Mutation(() => GraphQLJSONObject, {
    description:
      'Everything that is held about my account, without secrets: each kind of data as a list, at most 1000 entries in all. A mutation, because it is recorded in the audit log.',
  })
  async exportAccount(
    @Ctx() { call }: GraphqlContext,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The `next` of the page before, which is null after the last one.',
    })
    after: string | null,
  ): Promise<object> {
    return await exportAccount(call, after ?? null, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:write"]])')
  @Directive(recently)
  @Mutation(() => AccountDeletionType, {
    description: `Deletes my account in ${deletionDays} days and tells me by mail. CONFLICT when that has begun already.`,
  })
  async deleteAccount(
    @Ctx() { call }: GraphqlContext,
  ): Promise<{ readonly account: Account; readonly dueAt: Date }> {
    return await deleteAccount(call, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:write"]])')
  @Mutation(() => AccountType, {
    description: 'Keeps my account, whose deletion has begun; CONFLICT when none has.',
  })
  async cancelAccountDeletion(@Ctx() { call }: GraphqlContext): Promise<Account> {
    return await cancelAccountDeletion(call, this.needs)
  }
}
