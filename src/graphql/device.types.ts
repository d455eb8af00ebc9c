// The schema's types of a device.
import { Field, ID, InputType, ObjectType } from 'type-graphql'

/** A device as the schema shows it. */
@ObjectType('Device', {
  simpleResolvers: true,
  description: 'A key that confirms a reset of the password of its account. It opens nothing.',
})
export class DeviceType {
  @Field(() => ID, { description: 'UUIDv7.' })
  id!: string

  @Field(() => String, { description: 'Base64 of the 32 bytes of its Ed25519 key.' })
  publicKey!: string

  @Field(() => String, { nullable: true, description: 'What its owner calls it.' })
  label!: string | null

  @Field(() => Date, { description: 'When it was registered.' })
  createdAt!: Date
}

/** The input that registers a device. */
@InputType({ description: 'A device to register, whose key has signed the challenge.' })
export class RegisterDeviceInput {
  @Field(() => ID, {
    description: 'The challenge: `issueChallenge(input: { key: … }, purpose: REGISTER_DEVICE)`.',
  })
  challengeId!: string

  @Field(() => String, {
    description: 'The 64 bytes of the signature over `Challenge.message`, in base64 or hex.',
  })
  signature!: string

  @Field(() => String, { nullable: true, description: 'What to call the device, at most 100 characters.' })
  label?: string
}
