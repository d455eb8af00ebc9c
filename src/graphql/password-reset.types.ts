// The schema's types of password resets.
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'

const statuses = { WAITING: 'WAITING', DONE: 'DONE', CANCELLED: 'CANCELLED' } as const
registerEnumType(statuses, {
  name: 'PasswordResetStatus',
  description: 'Where the reset of a password stands.',
  valuesConfig: {
    WAITING: { description: 'Nothing has changed yet: `availableAt` says when a mailed code completes it.' },
    DONE: { description: 'The new password holds, and every session has ended.' },
    CANCELLED: { description: 'It was cancelled: the password is what it was.' },
  },
})

/** A reset as the schema shows it. */
@ObjectType('PasswordReset', { simpleResolvers: true, description: 'The reset of a forgotten password.' })
export class PasswordResetType {
  @Field(() => ID, { description: 'UUIDv7; for `cancelPasswordReset`.' })
  id!: string

  @Field(() => statuses, { description: 'Where it stands.' })
  status!: keyof typeof statuses

  @Field(() => Date, {
    nullable: true,
    description: 'From when a mailed code alone completes it, for seven days; null where it never waited.',
  })
  availableAt!: Date | null
}

/** The input of a reset. */
@InputType({
  description:
    'A mailed code, the new password, and what proves the owner beside the mailbox: a signature or a recovery code. Without either, a wait of 72 hours begins, and a code mailed after it completes the reset.',
})
export class ResetPasswordInput {
  @Field(() => ID, {
    description: 'The challenge: `issueChallenge(input: { email: … }, purpose: RESET_PASSWORD)`.',
  })
  challengeId!: string

  @Field(() => String, {
    nullable: true,
    description: 'The code of the mail. Left out once the challenge is CONFIRMED through the link.',
  })
  code?: string | null

  @Field(() => String, {
    description: 'As for `setPassword`. Where a wait begins it is checked and not kept.',
  })
  newPassword!: string

  @Field(() => String, {
    nullable: true,
    description: 'The signature of a registered device over `Challenge.message`, in base64 or hex.',
  })
  deviceSignature?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'A recovery code of the account, instead of a device.',
  })
  recoveryCode?: string | null
}
