// The GraphQL resolver of password resets: the one that waits, the reset itself, its cancellation.
import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Resolver, Root } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import { type ResetPasswordNeeds, resetPassword } from '../authentication/reset-password.js'
import {
  type CancelPasswordResetNeeds,
  cancelPasswordReset,
} from '../password-resets/cancel-password-reset.js'
import { AccountType } from './account.types.js'
import type { GraphqlContext } from './context.js'
import { PasswordResetType, ResetPasswordInput } from './password-reset.types.js'

/** What the password reset resolver works with. */
export interface PasswordResetResolverNeeds extends ResetPasswordNeeds, CancelPasswordResetNeeds {
  readonly random: ResetPasswordNeeds['random']
}

/** Fields and mutations of password resets. */
@Resolver(() => AccountType)
export class PasswordResetResolver {
  constructor(private readonly needs: PasswordResetResolverNeeds) {}

  @Directive('@authenticated')
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => PasswordResetType, {
    nullable: true,
    description: 'The reset of my password that waits. If it is not yours, cancel it (cancelPasswordReset).',
  })
  async passwordReset(
    @Ctx() { call }: GraphqlContext,
    @Root() account: Account,
  ): Promise<PasswordResetType | null> {
    return await this.needs.passwordResets.findOpen(call, account.id)
  }

  @Mutation(() => PasswordResetType, {
    description: 'Resets a forgotten password. Signs nobody in, and ends every session of the account.',
  })
  async resetPassword(
    @Ctx() { call }: GraphqlContext,
    @Arg('input', () => ResetPasswordInput, { description: 'The proofs and the new password.' })
    { challengeId, code, newPassword, deviceSignature, recoveryCode }: ResetPasswordInput,
  ): Promise<PasswordResetType> {
    const request = {
      challengeId,
      code: code ?? null,
      newPassword,
      deviceSignature: deviceSignature ?? null,
      recoveryCode: recoveryCode ?? null,
    }
    return await resetPassword(call, request, this.needs)
  }

  @Mutation(() => Boolean, {
    description: 'Cancels a reset that waits: in a session of its account, or with the token of its mail.',
  })
  async cancelPasswordReset(
    @Ctx() { call }: GraphqlContext,
    @Arg('id', () => ID, {
      description: 'The id of the reset with a session of its account, or the token of the mailed link.',
    })
    id: string,
  ): Promise<boolean> {
    await cancelPasswordReset(call, id, this.needs)
    return true
  }
}
