// The GraphQL resolver of second factors: the authenticator app and the recovery codes of an account.
import { Arg, Ctx, Directive, FieldResolver, Mutation, Resolver, Root } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import {
  type CreateRecoveryCodesNeeds,
  createRecoveryCodes,
} from '../methods/recovery-code/create-recovery-codes.js'
import { recoveryCredentialOf } from '../methods/recovery-code/recovery-code.js'
import { type ConfirmTotpNeeds, confirmTotp } from '../methods/totp/confirm-totp.js'
import { type EnrolTotpNeeds, enrolTotp } from '../methods/totp/enrol-totp.js'
import { type RemoveTotpNeeds, removeTotp } from '../methods/totp/remove-totp.js'
import type { SecondFactor } from '../second-factors/second-factor.js'
import { AccountType } from './account.types.js'
import type { GraphqlContext } from './context.js'
import { SecondFactorType, TotpConfirmation, TotpEnrolment } from './second-factor.types.js'

/** What the resolver of second factors works with. */
export interface SecondFactorResolverNeeds
  extends EnrolTotpNeeds,
    ConfirmTotpNeeds,
    RemoveTotpNeeds,
    CreateRecoveryCodesNeeds {
  readonly random: EnrolTotpNeeds['random'] & CreateRecoveryCodesNeeds['random']
}

const authenticated = '@authenticated'
const writesIdentities = '@requiresScopes(scopes: [["identity:write"]])'
const needsStepUp = `@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`

const shown = (factor: SecondFactor): SecondFactorType => ({
  method: factor.kind,
  createdAt: factor.createdAt,
  lastUsedAt: factor.lastUsedAt,
  codesLeft: factor.kind === 'recoveryCode' ? recoveryCredentialOf(factor).hashes.length : null,
})

/** Queries and mutations of second factors. */
@Resolver(() => AccountType)
export class SecondFactorResolver {
  constructor(private readonly needs: SecondFactorResolverNeeds) {}

  @Directive(authenticated)
  @Directive('@requiresScopes(scopes: [["account:read"]])')
  @FieldResolver(() => [SecondFactorType], {
    description: 'The authenticator app and the recovery codes of the account, oldest first.',
  })
  async secondFactors(
    @Ctx() { call }: GraphqlContext,
    @Root() account: Account,
  ): Promise<SecondFactorType[]> {
    return (await this.needs.secondFactors.listOf(call, account.id)).map(shown)
  }

  @Directive(authenticated)
  @Directive(writesIdentities)
  @Directive(needsStepUp)
  @Mutation(() => TotpEnrolment, {
    description:
      'Begins to add an authenticator app (TOTP) to my account: a new secret, to be confirmed by a first code.',
  })
  async enrolTotp(@Ctx() { call }: GraphqlContext): Promise<TotpEnrolment> {
    return await enrolTotp(call, this.needs)
  }

  @Directive(authenticated)
  @Directive(writesIdentities)
  @Directive(needsStepUp)
  @Mutation(() => TotpConfirmation, {
    description:
      'Adds the authenticator app by its first code: from now on the account asks for two factors.',
  })
  async confirmTotp(
    @Ctx() { call }: GraphqlContext,
    @Arg('code', () => String, { description: 'The six digits that the app shows.' }) code: string,
  ): Promise<TotpConfirmation> {
    return await confirmTotp(call, code, this.needs)
  }

  @Directive(authenticated)
  @Directive(writesIdentities)
  @Directive(needsStepUp)
  @Mutation(() => AccountType, {
    description:
      'Removes the authenticator app of my account; recovery codes go with the last second factor.',
  })
  async removeTotp(@Ctx() { call }: GraphqlContext): Promise<Account> {
    return await removeTotp(call, this.needs)
  }

  @Directive(authenticated)
  @Directive(writesIdentities)
  @Directive(needsStepUp)
  @Mutation(() => [String], {
    description:
      'Makes recovery codes, shown this once; each stands in for a second factor once. Former ones end.',
  })
  async createRecoveryCodes(@Ctx() { call }: GraphqlContext): Promise<readonly string[]> {
    return await createRecoveryCodes(call, this.needs)
  }
}
