// The schema's types of an explained link.
import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql'
import type { LinkExplanation } from '../merge/explain-link.js'
import { mergeRefusals, mergeRules } from './merge-rule.types.js'

/** The outcomes as the schema names them. */
export const linkOutcomes = { LINKED: 'LINKED', MERGED: 'MERGED', REFUSED: 'REFUSED' } as const
registerEnumType(linkOutcomes, {
  name: 'LinkOutcome',
  description: 'What would come of a link.',
  valuesConfig: {
    LINKED: { description: 'The identity is added to the account.' },
    MERGED: { description: 'The two accounts are merged: at once for a guest, else by a plan.' },
    REFUSED: { description: 'Nothing: it is refused.' },
  },
})

/** An identity by what it is. */
@InputType({ description: 'An identity by what it is, as `Identity` shows it.' })
export class IdentityNameInput {
  @Field(() => String, { description: 'Its method, such as `key` or `email`.' })
  method!: string

  @Field(() => String, { description: 'The namespace of its subject.' })
  issuer!: string

  @Field(() => String, { description: 'What it is within the issuer, such as a public key.' })
  subject!: string
}

/** A side of a link. */
@InputType({ description: 'A side of a link: an account or an identity.' })
export class LinkSideInput {
  @Field(() => ID, { nullable: true, description: 'The id of an account, absorbed or not.' })
  accountId?: string

  @Field(() => ID, { nullable: true, description: 'The id of an identity.' })
  identityId?: string

  @Field(() => IdentityNameInput, {
    nullable: true,
    description: 'An identity that may lead to no account yet.',
  })
  identity?: IdentityNameInput
}

/** The input of `explainLink`. */
@InputType({ description: 'The two sides of a link, and a wish.' })
export class ExplainLinkInput {
  @Field(() => LinkSideInput, { description: 'Who would ask for the link.' })
  own!: LinkSideInput

  @Field(() => LinkSideInput, { description: 'Whose identity would be proven.' })
  other!: LinkSideInput

  @Field(() => ID, { nullable: true, description: 'The id of the account that is to survive.' })
  survivor?: string | null
}

/** An explained link. */
@ObjectType('LinkDecision', { description: 'What would come of a link, and why.' })
export class LinkDecisionType {
  @Field(() => linkOutcomes, { description: 'What would come of it.' })
  outcome!: keyof typeof linkOutcomes

  @Field(() => mergeRules, { nullable: true, description: 'The rule of a merge; null for anything else.' })
  rule!: keyof typeof mergeRules | null

  @Field(() => mergeRefusals, {
    nullable: true,
    description: 'Why no merge; null for other outcomes, and where the identity itself is refused.',
  })
  reason!: keyof typeof mergeRefusals | null

  @Field(() => String, {
    description: 'One sentence: the words of the plan, of `merges` and of the audit entry.',
  })
  why!: string

  @Field(() => ID, { nullable: true, description: 'The account that there would be afterwards.' })
  survivorId!: string | null

  @Field(() => ID, { nullable: true, description: 'The account that would be absorbed.' })
  absorbedId!: string | null
}

/** An explanation as the schema shows it. */
export const linkDecisionOf = (explained: LinkExplanation): LinkDecisionType => {
  const { why } = explained
  const nothing = { rule: null, reason: null, survivorId: null, absorbedId: null }
  switch (explained.outcome) {
    case 'linked':
      return { ...nothing, outcome: 'LINKED', why, survivorId: explained.survivor.id }
    case 'refused':
      return { ...nothing, outcome: 'REFUSED', why, reason: explained.reason }
    case 'merged': {
      const { rule, survivor, absorbed } = explained
      return { ...nothing, outcome: 'MERGED', why, rule, survivorId: survivor.id, absorbedId: absorbed.id }
    }
  }
}
