// The GraphQL resolver of accounts: the caller's account, handle and profile, and whether a handle is free.
import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import type { Accounts } from '../accounts/accounts.js'
import { type CheckHandleNeeds, checkHandle } from '../accounts/check-handle.js'
import { type GetSurvivorNeeds, getSurvivor } from '../accounts/get-survivor.js'
import { type SetHandleNeeds, setHandle } from '../accounts/set-handle.js'
import { requirePrincipal } from '../authorization/authorize.js'
import type { Identities } from '../identities/identities.js'
import type { Identity } from '../identities/identity.js'
import { type UpdateProfileNeeds, updateProfile } from '../profile/update-profile.js'
import type { Session } from '../sessions/session.js'
import type { Sessions } from '../sessions/sessions.js'
import {
  AccountType,
  EmailAddressType,
  emailAddressesOf,
  IdentityType,
  UpdateProfileInput,
} from './account.types.js'
import { type GraphqlContext, reachedBy } from './context.js'
import { parseId } from './parse-id.js'
import { SessionType } from './session.types.js'

/** What the account resolver works with. */
export interface AccountResolverNeeds
  extends CheckHandleNeeds,
    GetSurvivorNeeds,
    SetHandleNeeds,
    UpdateProfileNeeds {
  readonly accounts: Accounts
  readonly identities: Identities
  readonly sessions: Sessions
}

/** Queries and mutations of the caller's account. */
@Resolver(() => AccountType)
export class AccountResolver {
  constructor(private readonly needs: AccountResolverNeeds) {}

  @Query(() => AccountType, {
    nullable: true,
    description: 'The account of the bearer; null when there is none.',
  })
  me(@Ctx() { call }: GraphqlContext): Promise<Account> | Account | null {
    return call.principal && this.needs.accounts.get(call, call.principal.accountId)
  }

  @Query(() => Boolean, { description: 'True when a handle may be picked. Throttled.' })
  async handleAvailable(
    @Ctx() { call }: GraphqlContext,
    @Arg('handle', () => String, { description: 'The handle in any spelling.' }) handle: string,
  ): Promise<boolean> {
    return await checkHandle(call, handle, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @Query(() => ID, {
    description:
      'The id of the account that this id leads to now: of the survivor for an absorbed id, else the id itself. For services that hold old ids; throttled.',
  })
  async accountAlias(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, { description: 'The id of an account, absorbed or not.' }) id: string,
  ): Promise<string> {
    return (await getSurvivor(call, parseId(id), this.needs)).id
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:write"]])')
  @Mutation(() => AccountType, {
    description:
      'Picks the handle of my account; the former one stays reserved for it, unless it was given up within a day.',
  })
  async setHandle(
    @Ctx() { call }: GraphqlContext,
    @Arg('handle', () => String, {
      description: '3 to 64 letters and digits, with single dots, hyphens or underscores between them.',
    })
    handle: string,
  ): Promise<Account> {
    return await setHandle(call, handle, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:write"]])')
  @Mutation(() => AccountType, { description: 'Changes what I say of my account.' })
  async updateProfile(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => UpdateProfileInput, { description: 'What to change.' }) input: UpdateProfileInput,
  ): Promise<Account> {
    return await updateProfile(call, input, this.needs)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => [EmailAddressType], {
    description: 'The email addresses that I have verified, oldest first.',
  })
  async emails(@Ctx() { call }: GraphqlContext, @Root() account: Account): Promise<EmailAddressType[]> {
    return emailAddressesOf(account, await this.needs.identities.listAddresses(call, account.id))
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => [IdentityType], {
    description: 'The identities that lead to the account, oldest first.',
  })
  async identities(@Ctx() { call }: GraphqlContext, @Root() account: Account): Promise<Identity[]> {
    return await this.needs.identities.listOf(call, account.id)
  }

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => [SessionType], {
    description: 'The live sessions of the account, newest first.',
  })
  async sessions(@Ctx() { call }: GraphqlContext, @Root() account: Account): Promise<Session[]> {
    const owner = requirePrincipal(call.principal)
    const sessions = await this.needs.sessions.listOf(call, account.id)
    return sessions.map((session) => reachedBy(session, owner))
  }
}
