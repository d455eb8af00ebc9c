// The input types with one field per method, of which exactly one is given (@oneOf).
import { Field, ID, InputType } from 'type-graphql'
import type { SubmittedProof } from '../authentication/verify-proof.js'
import type { MethodDescription } from '../methods/method-description.js'
import type { OneOf } from '../methods/registry.js'

/** The input classes of a schema. */
export interface MethodInputs {
  readonly challengeRequest: new () => OneOf
  readonly signIn: new () => SignInFields
  readonly linkIdentity: new () => SignInFields & { label?: string }
}

/** The names of the @oneOf inputs, those of the methods first. */
export const oneOfInputs = ['ChallengeRequest', 'Proof', 'LinkSideInput'] as const

interface SignInFields {
  readonly challengeId?: string
  readonly proof: OneOf
}

const oneOfInput = (
  name: (typeof oneOfInputs)[number],
  description: string,
  fields: readonly { readonly method: MethodDescription; readonly type: (new () => object) | undefined }[],
): (new () => OneOf) => {
  class Input {}
  for (const { method, type } of fields)
    if (type !== undefined)
      Field(() => type, { nullable: true, description: method.description })(Input.prototype, method.name)
  InputType(name, { description })(Input)
  return Input as new () => OneOf
}

/** Makes the inputs from the list of methods, so that a new method needs no change in this room. */
export const createMethodInputs = (methods: readonly MethodDescription[]): MethodInputs => {
  const challengeRequest = oneOfInput(
    'ChallengeRequest',
    'Ask for a challenge of one method.',
    methods.map((method) => ({ method, type: method.request })),
  )
  const proof = oneOfInput(
    'Proof',
    'A proof by one method.',
    methods.map((method) => ({ method, type: method.proof })),
  )

  @InputType({ description: 'A proof and the challenge that it answers.' })
  class SignInInput {
    @Field(() => ID, { nullable: true, description: 'The challenge, where the method has one.' })
    challengeId?: string

    @Field(() => proof, { description: 'The proof.' })
    proof!: OneOf
  }

  @InputType({ description: 'A proof of the identity to link, and what to call it.' })
  class LinkIdentityInput {
    @Field(() => ID, { nullable: true, description: 'The challenge, where the method has one.' })
    challengeId?: string

    @Field(() => proof, { description: 'The proof, by the identity to link.' })
    proof!: OneOf

    @Field(() => String, {
      nullable: true,
      description: 'What to call the identity, at most 100 characters.',
    })
    label?: string
  }

  return { challengeRequest, signIn: SignInInput, linkIdentity: LinkIdentityInput }
}

/** An input as the use cases read it. */
export const submittedProof = (input: SignInFields): SubmittedProof => ({
  challengeId: input.challengeId ?? null,
  proof: input.proof,
})
