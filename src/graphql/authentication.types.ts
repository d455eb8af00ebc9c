// The schema's types for authentication: challenges, answers and results.
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql'
import type { Account } from '../accounts/account.js'
import type { Identity } from '../identities/identity.js'
import type { Tokens } from '../sessions/issue-tokens.js'
import { AccountType, IdentityType } from './account.types.js'
import { MergeType } from './merge.types.js'
import { MergePlanType } from './merge-plan.types.js'
import { TokensType } from './session.types.js'

/** The purposes of a challenge as the schema names them. */
export const challengePurposes = {
  SIGN_IN: 'SIGN_IN',
  LINK_IDENTITY: 'LINK_IDENTITY',
  STEP_UP: 'STEP_UP',
  REGISTER_DEVICE: 'REGISTER_DEVICE',
  RESET_PASSWORD: 'RESET_PASSWORD',
} as const
registerEnumType(challengePurposes, {
  name: 'ChallengePurpose',
  description: 'What answering a challenge is for.',
  valuesConfig: {
    SIGN_IN: { description: 'Sign in, or register.' },
    LINK_IDENTITY: { description: 'Link one more identity to the account that is signed in.' },
    STEP_UP: { description: 'Prove again that it is still you.' },
    REGISTER_DEVICE: { description: 'Register the key of a device: only `key` has such a challenge.' },
    RESET_PASSWORD: {
      description: 'Reset a forgotten password: only `email` has such a challenge. It needs no session.',
    },
  },
})

const challengeStatuses = {
  PENDING: 'PENDING',
  CONFIRMED: 'CONFIRMED',
  SPENT: 'SPENT',
  EXPIRED: 'EXPIRED',
} as const
registerEnumType(challengeStatuses, {
  name: 'ChallengeStatus',
  description: 'Where a challenge stands.',
  valuesConfig: {
    PENDING: { description: 'It waits for its answer.' },
    CONFIRMED: { description: 'Its link was confirmed: it can be answered without a code.' },
    SPENT: { description: 'It was answered, or its code was tried too often.' },
    EXPIRED: { description: 'It was not answered in time.' },
  },
})

const deliveryStates = { QUEUED: 'QUEUED', SENT: 'SENT', DEFERRED: 'DEFERRED', REFUSED: 'REFUSED' } as const
registerEnumType(deliveryStates, {
  name: 'DeliveryState',
  description: "Where a challenge's mail stands.",
  valuesConfig: {
    QUEUED: {
      description: 'It waits for its turn: strangers together get 5 such mails to a mailbox in 15 minutes.',
    },
    SENT: { description: 'A mail server has taken it.' },
    DEFERRED: { description: 'No mail server takes it just now; it is tried again.' },
    REFUSED: { description: 'The mail server refuses the address, or the mail, for good.' },
  },
})

/** A challenge as the schema shows it. */
@ObjectType('Challenge', {
  simpleResolvers: true,
  description: 'What a proof must answer: once, and before it expires.',
})
export class ChallengeType {
  @Field(() => ID, { description: 'To be given back with the proof. Opaque; keep it to yourself.' })
  id!: string

  @Field(() => String, { description: 'The method whose proof answers it.' })
  method!: string

  @Field(() => [String], {
    description:
      'The methods of which a proof may answer it: `method`, and for a second factor also `recoveryCode` where the account has such codes.',
  })
  methods!: readonly string[]

  @Field(() => challengePurposes, { description: 'What answering it is for.' })
  purpose!: keyof typeof challengePurposes

  @Field(() => challengeStatuses, { description: 'Where it stands.' })
  status!: keyof typeof challengeStatuses

  @Field(() => String, {
    nullable: true,
    description:
      'What to sign, exactly as given, as UTF-8; for a passkey the options of its ceremony, as JSON.',
  })
  message!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'What to show to whoever asked: the page behind the link of the mail asks for it.',
  })
  matchCode!: string | null

  @Field(() => deliveryStates, {
    nullable: true,
    description: 'Where its mail stands; null where there is none.',
  })
  delivery!: keyof typeof deliveryStates | null

  @Field(() => Int, {
    nullable: true,
    description:
      'In how many seconds it makes sense to ask for another mail; depends on what you asked for before, and on nothing else.',
  })
  retryAfterSeconds!: number | null

  @Field(() => Boolean, {
    description: 'True where this service believes everybody (development): no proof is needed.',
  })
  authenticationDisabled!: boolean

  @Field(() => Date, { description: 'When it expires.' })
  expiresAt!: Date
}

/** The result of a sign-in. */
@ObjectType({ simpleResolvers: true, description: 'What came of a sign-in.' })
export class SignInResult {
  @Field(() => AccountType, { nullable: true, description: 'The account that the proof leads to.' })
  account!: Account | null

  @Field(() => TokensType, { nullable: true, description: 'The tokens of the new session.' })
  tokens!: Tokens | null

  @Field(() => Boolean, { description: 'True when the account is new.' })
  provisioned!: boolean

  @Field(() => ChallengeType, {
    nullable: true,
    description:
      'What completes the proof, where the account asks for a second factor; then nothing else is given.',
  })
  secondFactor!: ChallengeType | null
}

/** The result of linking. */
@ObjectType({ simpleResolvers: true, description: 'What came of linking.' })
export class LinkResult {
  @Field(() => AccountType, { nullable: true, description: 'The account with the new identity.' })
  account!: Account | null

  @Field(() => IdentityType, {
    nullable: true,
    description: 'The new identity; null where none was linked.',
  })
  identity!: Identity | null

  @Field(() => TokensType, {
    nullable: true,
    description: 'The tokens of a new session, where a guest was merged: its own session is over.',
  })
  tokens!: Tokens | null

  @Field(() => MergeType, {
    nullable: true,
    description:
      'The merge, where a guest proved an identity of another account: it was merged into that one.',
  })
  merge!: MergeType | null

  @Field(() => MergePlanType, {
    nullable: true,
    description:
      'The plan, where a person proved an identity of another account: nothing is merged before `mergeAccounts`.',
  })
  mergePlan!: MergePlanType | null

  @Field(() => ChallengeType, {
    nullable: true,
    description:
      'What completes the proof, where it is of an account that asks for a second factor; then nothing was linked.',
  })
  secondFactor!: ChallengeType | null
}
