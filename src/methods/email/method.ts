// The method `email`: proves control of an address with the code or the link of a mail to it.
import { Field, InputType } from 'type-graphql'
import type { ChallengeDraft, FirstFactor } from '../../challenges/challenge.js'
import { codeInWords, readCode } from '../../challenges/held-secrets.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { parseAddress } from '../../mail/address.js'
import type { Attempt, ChallengeAim, IdentityDefinition, ShownIdentity } from '../method.js'
import { emailForm } from './form.js'
import { composeResetMessage } from './reset-message.js'

/** The request of an email challenge. */
@InputType({ description: 'Ask for a mail with a code and a link.' })
export class EmailChallengeInput {
  @Field(() => String, { description: 'One email address, without a name around it.' })
  address!: string
}

/** The proof for an email challenge. */
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
export const emailMethod: IdentityDefinition<EmailProof, EmailChallengeInput> = {
  kind: 'identity',
  name: emailMethodName,
  description: 'An email address: a mail brings a code and a link.',
  words: {
    en: { name: 'email address', identity: 'the address' },
    de: { name: 'E-Mail-Adresse', identity: 'die Adresse' },
  },
  proof: EmailProof,
  request: EmailChallengeInput,
  form: emailForm,
  needsChallenge: true,
  provisions: 'PERSON',
  links: true,
  showsSubject: true,

  create: ({ heldSecrets, identities }) => ({
    async challenge(_call: Call, request: EmailChallengeInput, aim: ChallengeAim): Promise<ChallengeDraft> {
      const address = parseAddress(request.address, 'address')
      const isReset = aim.purpose === 'RESET_PASSWORD'
      return {
        ...draftFor(address),
        compose: isReset ? (terms) => composeResetMessage(address, terms) : null,
      }
    },

    /** To the address that the owner reads first. Not after another emailed code, which is the same factor. */
    async challengeAfter(call: Call, accountId: string, first: FirstFactor): Promise<ChallengeDraft | null> {
      if (first.method === emailMethodName) return null
      const [primary] = await identities.listFirstAddresses(call, [accountId], 1)
      return primary === undefined ? null : draftFor(primary.subject)
    },

    isGuess({ code }: EmailProof): boolean {
      if (code == null) return false
      if (readCode(code) === null) throw new Failure('BAD_USER_INPUT', codeInWords, { field: 'code' })
      return true
    },

    about: ({ challenge }) =>
      challenge?.subject == null ? null : { issuer: emailMethodName, subject: challenge.subject },

    async verify(_call: Call, { proof, challenge }: Attempt<EmailProof>): Promise<ShownIdentity> {
      if (challenge === null || challenge.subject === null) throw rejected('no challenge')
      if (proof.code == null && !challenge.confirmed)
        throw rejected(
          'neither code nor confirmed link',
          'Give the code of the mail, or press its link first.',
        )
      if (proof.code != null && !heldSecrets.isCode(challenge.nonce, proof.code)) throw rejected('wrong code')
      return {
        issuer: emailMethodName,
        subject: challenge.subject,
        // RFC 8176: a one-time password.
        amr: ['otp'],
        acr: 'aal1',
        deviceName: null,
        credential: null,
        writes: [],
      }
    },
  }),
}

const draftFor = (address: string): ChallengeDraft => ({
  subject: address,
  handle: null,
  state: null,
  compose: null,
  keeping: { by: 'service', mailTo: address },
})

const rejected = (reason: string, sentence?: string): Failure =>
  new Failure('PROOF_REJECTED', sentence, { reason })
