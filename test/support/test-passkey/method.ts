// A method that has all that passkeys have (WebAuthn level 3): ceremony options, a counter, no subject in its challenge.
import { createPublicKey, verify as verifySignature } from 'node:crypto'
import { Field, InputType, Int } from 'type-graphql'
import type { ChallengeDraft, ChallengeTerms } from '../../../src/challenges/challenge.js'
import type { Call } from '../../../src/database/call.js'
import type { JsonObject } from '../../../src/database/json.js'
import { Failure } from '../../../src/failure.js'
import type {
  Attempt,
  ChallengeAim,
  IdentityDefinition,
  MethodNeeds,
  ShownIdentity,
} from '../../../src/methods/method.js'

/** What a ceremony is asked for with. */
@InputType({ description: 'Ask for the options of a ceremony.' })
export class TestPasskeyChallengeInput {
  @Field(() => Boolean, { description: 'Whether the authenticator must verify its user.' })
  userVerification!: boolean
}

/** What an authenticator answers. */
@InputType({ description: 'Answer a ceremony.' })
export class TestPasskeyProof {
  @Field(() => String, { description: 'The id of the credential.' })
  credentialId!: string

  @Field(() => String, { nullable: true, description: 'Its public key (SPKI, base64), in a registration.' })
  publicKey?: string | null

  @Field(() => Int, { description: 'How often the credential has signed.' })
  counter!: number

  @Field(() => String, { description: 'Base64 of the signature over the options, the id and the counter.' })
  signature!: string
}

/** What is kept of a credential. */
interface Credential extends JsonObject {
  readonly publicKey: string
  readonly counter: number
}

const rejected = (reason: string): Failure => new Failure('PROOF_REJECTED', undefined, { reason })

/** What an authenticator signs. */
export const signedText = (message: string, { credentialId, counter }: TestPasskeyProof): string =>
  `${message}\n${credentialId}\n${counter}`

const isSigned = (publicKey: string, message: string, proof: TestPasskeyProof): boolean => {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const signature = Buffer.from(proof.signature, 'base64')
    return verifySignature(null, Buffer.from(signedText(message, proof)), key, signature)
  } catch {
    // No public key.
    return false
  }
}

const optionsOf = (terms: ChallengeTerms, aim: ChallengeAim): string =>
  JSON.stringify({
    challenge: terms.nonce,
    rpId: terms.domain,
    purpose: terms.purpose,
    expiresAt: terms.expiresAt.toISOString(),
    user: aim.purpose === 'LINK_IDENTITY' ? { id: aim.accountId, name: terms.accountName } : null,
    account: terms.accountName,
  })

/** Proves control of a credential; one is registered by linking it. */
export const testPasskeyMethod: IdentityDefinition<TestPasskeyProof, TestPasskeyChallengeInput> = {
  kind: 'identity',
  name: 'testPasskey',
  description: 'A passkey as tests have it.',
  words: {
    en: { name: 'test passkey', identity: 'the test passkey' },
    de: { name: 'Test-Passkey', identity: 'der Test-Passkey' },
  },
  proof: TestPasskeyProof,
  request: TestPasskeyChallengeInput,
  needsChallenge: true,
  provisions: null,
  links: true,
  showsSubject: true,

  create: ({ provenIdentities }: MethodNeeds) => ({
    about: ({ proof }) => ({ issuer: 'idem.test', subject: proof.credentialId }),

    async challenge(
      _call: Call,
      request: TestPasskeyChallengeInput,
      aim: ChallengeAim,
    ): Promise<ChallengeDraft> {
      return {
        subject: null,
        handle: null,
        state: { userVerification: request.userVerification },
        compose: (terms) => optionsOf(terms, aim),
        keeping: { by: 'asker' },
      }
    },

    async verify(call: Call, attempt: Attempt<TestPasskeyProof>): Promise<ShownIdentity> {
      const { proof, challenge, purpose } = attempt
      if (challenge === null || challenge.message === null) throw rejected('no challenge')
      const proven = { method: 'testPasskey', issuer: 'idem.test', subject: proof.credentialId }
      const known = (await provenIdentities.findCredential(call, proven)) as Credential | null
      const registers = purpose === 'LINK_IDENTITY' && known === null
      const publicKey = registers ? proof.publicKey : known?.publicKey
      if (publicKey == null) throw rejected('unknown credential')
      if (!isSigned(publicKey, challenge.message, proof)) throw rejected('signature does not hold')
      const next = { publicKey, counter: proof.counter }
      if (known !== null && proof.counter <= known.counter) throw rejected('the counter went back')
      return {
        issuer: proven.issuer,
        subject: proven.subject,
        amr: challenge.state?.['userVerification'] === true ? ['hwk', 'user'] : ['hwk'],
        acr: challenge.state?.['userVerification'] === true ? 'aal2' : 'aal1',
        deviceName: null,
        credential: { from: known, to: next },
        writes: [],
      }
    },
  }),
}
