// The GraphQL resolver of authentication: challenges, sign-in, step-up, linking.
import { Arg, Ctx, Directive, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import { getChallenge } from '../authentication/get-challenge.js'
import { type IssueChallengeNeeds, issueChallenge } from '../authentication/issue-challenge.js'
import { type Linked, type LinkIdentityNeeds, linkIdentity } from '../authentication/link-identity.js'
import { type SignedIn, type SignInNeeds, signIn } from '../authentication/sign-in.js'
import type { StandingChallenge } from '../authentication/standing-challenge.js'
import { type SteppedUp, type StepUpNeeds, stepUp } from '../authentication/step-up.js'
import { type UnlinkIdentityNeeds, unlinkIdentity } from '../authentication/unlink-identity.js'
import { type WatchChallengeNeeds, watchChallenge } from '../authentication/watch-challenge.js'
import { stepUpMaxAgeSeconds } from '../authorization/authorize.js'
import type { ChallengePurpose } from '../challenges/challenge.js'
import type { HeldSecrets } from '../challenges/held-secrets.js'
import { assertNever, Failure } from '../failure.js'
import type { MailState } from '../mail/mail.js'
import type { Tokens } from '../sessions/issue-tokens.js'
import { AccountType } from './account.types.js'
import { ChallengeType, challengePurposes, LinkResult, SignInResult } from './authentication.types.js'
import { type GraphqlContext, reachedBy } from './context.js'
import { shownMerge } from './merge.types.js'
import { mergePlanOf } from './merge-plan.types.js'
import { type MethodInputs, submittedProof } from './method-inputs.js'
import { parseId } from './parse-id.js'
import { TokensType } from './session.types.js'
import type { StreamContext } from './stream-context.js'

/** What the authentication resolver works with. */
export interface AuthenticationResolverNeeds
  extends IssueChallengeNeeds,
    WatchChallengeNeeds,
    SignInNeeds,
    StepUpNeeds,
    LinkIdentityNeeds,
    UnlinkIdentityNeeds {
  readonly heldSecrets: HeldSecrets
  readonly isAuthenticationOn: boolean
}

/** What type-graphql passes to the start of a subscription. */
interface WatchRequest {
  readonly args: { readonly id: string }
  readonly context: StreamContext
}

/** The state of a mail as its asker sees it, without the internal ones. */
const deliveryOf: Readonly<Record<MailState, NonNullable<ChallengeType['delivery']>>> = {
  queued: 'QUEUED',
  sending: 'QUEUED',
  sent: 'SENT',
  deferred: 'DEFERRED',
  refused: 'REFUSED',
  // The number of mails that others requested would disclose that an address is in use.
  withheld: 'QUEUED',
}

type IncompleteStepUp = Exclude<SteppedUp, { readonly outcome: 'raised' }>

const secondFactorCompletes =
  'This proof needs a second factor beside it: answer the challenge in `secondFactor` by stepUp.'
const nothingCompletes =
  'This session has shown more than this proof does, and your account has no second factor that completes it. Sign in again.'

/** Makes the resolver class for these inputs, whose fields come from the list of methods. */
export const createAuthenticationResolver = (inputs: MethodInputs, needs: AuthenticationResolverNeeds) => {
  const shown = ({
    id,
    challenge,
    methods,
    status,
    mailState,
    retryAfterSeconds,
  }: StandingChallenge): ChallengeType => ({
    id,
    method: challenge.method,
    methods,
    purpose: challenge.purpose,
    status,
    message: challenge.message,
    matchCode: mailState && needs.heldSecrets.matchCode(challenge.nonce),
    delivery: mailState && deliveryOf[mailState],
    retryAfterSeconds,
    expiresAt: challenge.expiresAt,
    authenticationDisabled: !needs.isAuthenticationOn,
  })

  const signInResult = (signedIn: SignedIn): SignInResult =>
    signedIn.outcome === 'opened'
      ? { ...signedIn, account: reachedBy(signedIn.account, signedIn.principal), secondFactor: null }
      : { account: null, tokens: null, provisioned: false, secondFactor: shown(signedIn.challenge) }

  const linkResult = (linked: Linked): LinkResult => {
    const nothing = {
      account: null,
      identity: null,
      tokens: null,
      merge: null,
      mergePlan: null,
      secondFactor: null,
    }
    switch (linked.outcome) {
      case 'linked':
        return { ...nothing, account: linked.account, identity: linked.identity }
      case 'merged': {
        const { account, principal, tokens, merge } = linked
        return {
          ...nothing,
          account: reachedBy(account, principal),
          tokens,
          merge: reachedBy(shownMerge(merge), principal),
        }
      }
      case 'planned':
        return { ...nothing, mergePlan: mergePlanOf(linked.plan) }
      case 'second_factor':
        return { ...nothing, secondFactor: shown(linked.challenge) }
      default:
        return assertNever(linked)
    }
  }

  const incompleteStepUp = ({ challenge, shown: acr, wanted }: IncompleteStepUp): Failure => {
    const reason = `a proof of ${acr} where ${wanted} is asked for`
    return challenge === null
      ? new Failure('STEP_UP_REQUIRED', nothingCompletes, { acrValues: [wanted], reason })
      : new Failure('STEP_UP_REQUIRED', secondFactorCompletes, {
          acrValues: [wanted],
          secondFactor: shown(challenge),
          reason,
        })
  }

  @Resolver()
  class AuthenticationResolver {
    @Query(() => ChallengeType, { description: 'Where a challenge stands, to whoever holds its id.' })
    async challenge(
      @Ctx() { call }: GraphqlContext,
      @Arg('id', () => ID, { description: 'The id as `issueChallenge` gave it.' }) id: string,
    ): Promise<ChallengeType> {
      return shown(await getChallenge(call, id, needs))
    }

    @Subscription(() => ChallengeType, {
      subscribe: async ({ args: { id }, context: { call, ...watch } }: WatchRequest) =>
        await watchChallenge(call, { id, ...watch }, needs),
      description: 'Where a challenge stands: now, and after each change, until it is SPENT or EXPIRED.',
    })
    challengeUpdated(
      @Root() standing: StandingChallenge,
      @Arg('id', () => ID, { description: 'The id as `issueChallenge` gave it.' }) _id: string,
    ): ChallengeType {
      return shown(standing)
    }

    @Mutation(() => ChallengeType, {
      description: 'Asks for a challenge. All purposes but SIGN_IN and RESET_PASSWORD need a session.',
    })
    async issueChallenge(
      @Ctx() { call }: GraphqlContext,
      @Arg('input', () => inputs.challengeRequest, { description: 'By which method.' })
      input: InstanceType<typeof inputs.challengeRequest>,
      @Arg('purpose', () => challengePurposes, {
        defaultValue: challengePurposes.SIGN_IN,
        description: 'What answering it is to do.',
      })
      purpose: ChallengePurpose,
    ): Promise<ChallengeType> {
      return shown(await issueChallenge(call, { request: input, purpose }, needs))
    }

    @Mutation(() => SignInResult, {
      description: 'Signs in by a proof; a proof never seen before registers.',
    })
    async signIn(
      @Ctx() { call }: GraphqlContext,
      @Arg('input', () => inputs.signIn, { description: 'The proof.' }) input: InstanceType<
        typeof inputs.signIn
      >,
    ): Promise<SignInResult> {
      return signInResult(await signIn(call, submittedProof(input), needs))
    }

    @Directive('@authenticated')
    @Directive('@requiresScopes(scopes: [["session:write"]])')
    @Mutation(() => TokensType, {
      description:
        'Proves again who it is, in the same session: a fresh `auth_time`. A proof that does not suffice alone is refused with STEP_UP_REQUIRED, whose `secondFactor` is the Challenge to answer next.',
    })
    async stepUp(
      @Ctx() { call }: GraphqlContext,
      @Arg('input', () => inputs.signIn, { description: 'The proof.' }) input: InstanceType<
        typeof inputs.signIn
      >,
    ): Promise<Tokens> {
      const steppedUp = await stepUp(call, submittedProof(input), needs)
      if (steppedUp.outcome === 'raised') return steppedUp.tokens
      throw incompleteStepUp(steppedUp)
    }

    @Directive('@authenticated')
    @Directive('@requiresScopes(scopes: [["identity:write"]])')
    @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds}, exempt: [ANONYMOUS])`)
    @Mutation(() => LinkResult, {
      description:
        'Links one more identity to my account; a guest becomes a person with the same id. If it leads to another account, a guest is merged into that one, and a person gets the plan of a merge.',
    })
    async linkIdentity(
      @Ctx() { call }: GraphqlContext,
      @Arg('input', () => inputs.linkIdentity, { description: 'The proof, by the identity to link.' })
      input: InstanceType<typeof inputs.linkIdentity>,
    ): Promise<LinkResult> {
      return linkResult(
        await linkIdentity(call, { ...submittedProof(input), label: input.label ?? null }, needs),
      )
    }

    @Directive('@authenticated')
    @Directive('@requiresScopes(scopes: [["identity:write"]])')
    @Directive(`@stepUp(maxAgeSeconds: ${stepUpMaxAgeSeconds})`)
    @Mutation(() => AccountType, {
      description:
        'Unlinks an identity of my account, never the last one, and ends the sessions that it opened.',
    })
    async unlinkIdentity(
      @Ctx() { call }: GraphqlContext,
      @Arg('id', () => ID, { description: 'The id of the identity.' }) id: string,
    ): Promise<Account> {
      return await unlinkIdentity(call, parseId(id), needs)
    }
  }
  return AuthenticationResolver
}
