// The method `email`: whoever reads the mail to an address proves control of it, by its code or by its link.
import { Field, InputType } from 'type-graphql'
import type { Challenge, ChallengeDraft } from '../../challenges/challenge.js'
import type { HeldSecrets } from '../../challenges/held-secrets.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { parseAddress } from '../../mail/address.js'
import type { Method, ProvenSubject } from '../method.js'

/** What an email challenge is asked for with. */
@InputType({ description: 'Ask for a mail with a code and a link.' })
export class EmailChallengeInput {
  @Field(() => String, { description: 'One email address, without a name around it.' })
  address!: string
}

/** What answers an email challenge. */
@InputType({ description: 'Answer an email challenge.' })
export class EmailProof {
  @Field(() => String, {
    nullable: true,
    description: 'The code of the mail. Left out once the challenge is CONFIRMED through the link.',
  })
  code?: string
}

/** The name stored in identity.method. */
export const emailMethodName = 'email'

/** Proves control of an email address. */
export const createEmailMethod = (secrets: HeldSecrets): Method<EmailProof, EmailChallengeInput> => ({
  name: emailMethodName,
  description: 'An email address: a mail brings a code and a link.',
  // RFC 8176: a one-time password.
  amr: ['otp'],
  acr: 'aal1',
  provisions: 'PERSON',
  links: true,
  proof: EmailProof,
  request: EmailChallengeInput,

  async challenge(_call: Call, request: EmailChallengeInput): Promise<ChallengeDraft> {
    return { kind: 'held', subject: parseAddress(request.address, 'address') }
  },

  isGuess: (proof: EmailProof): boolean => proof.code != null,

  async verify(_call: Call, proof: EmailProof, challenge: Challenge | null): Promise<ProvenSubject> {
    if (challenge === null) throw rejected('no challenge')
    if (proof.code == null && !challenge.confirmed)
      throw rejected('neither code nor confirmed link', 'Give the code of the mail, or press its link first.')
    if (proof.code != null && !secrets.isCode(challenge.nonce, proof.code)) throw rejected('wrong code')
    return { issuer: emailMethodName, subject: challenge.subject, deviceName: null }
  },
})

const rejected = (reason: string, sentence?: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })
