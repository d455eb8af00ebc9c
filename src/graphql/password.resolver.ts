// The GraphQL resolver of passwords.
import { Arg, Ctx, Directive, Field, InputType, Mutation, Resolver } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import { type SetPasswordNeeds, setPassword } from '../authentication/set-password.js'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import { AccountType } from './account.types.js'
import type { GraphqlContext } from './context.js'

/** What the password resolver works with. */
export interface PasswordResolverNeeds extends SetPasswordNeeds {}

/** A new password as the schema has it. */
@InputType({ description: 'A new password.' })
export class SetPasswordInput {
  @Field(() => String, {
    description:
      'Of 8 to 256 characters of any kind. Refused if it is common, or made of the handle, the address or the name of the service.',
  })
  newPassword!: string
}

/** Mutations of passwords. */
@Resolver()
export class PasswordResolver {
  constructor(private readonly needs: PasswordResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["identity:write"]])')
  @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
  @Mutation(() => AccountType, {
    description:
      'Sets or changes the password of my account, which must have a verified address or TOTP for the second step. A change ends all other sessions.',
  })
  async setPassword(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => SetPasswordInput, { description: 'The new password.' }) input: SetPasswordInput,
  ): Promise<Account> {
    return await setPassword(call, input.newPassword, this.needs)
  }
}
