// The method `key`: an Ed25519 key signs a challenge; an unknown key registers (Space and Time).
import { Field, InputType } from 'type-graphql'
import { parseHandle } from '../../accounts/handle.js'
import type { ChallengeDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { Attempt, IdentityDefinition, ShownIdentity } from '../method.js'
import { composeMessage } from './message.js'
import { PublicKeys } from './public-key.js'
import { isSignedBy } from './signature.js'

/** The name stored in identity.method. */
export const keyMethodName = 'key'

/** The only scheme of this method. Wallets will have their own method. */
const scheme = 'ed25519'

/** The request of a key challenge. */
@InputType({ description: 'Ask for a text to sign with an Ed25519 key.' })
export class KeyChallengeInput {
  @Field(() => String, {
    description: 'The public key: 32 bytes in base64 or hex, an SPKI PEM, or an OpenSSH line.',
  })
  publicKey!: string

  @Field(() => String, { nullable: true, description: 'The handle to register with or to sign in under.' })
  handle?: string

  @Field(() => String, {
    defaultValue: scheme,
    description: 'The signature scheme; `ed25519` is the only one.',
  })
  scheme!: string
}

/** The proof for a key challenge. */
@InputType({ description: 'Answer a key challenge.' })
export class KeyProof {
  @Field(() => String, {
    description: 'The 64 bytes of the signature over `Challenge.message`, in base64 or hex.',
  })
  signature!: string
}

/** Proves control of an Ed25519 key by a signature over a challenge's message. */
export const keyMethod: IdentityDefinition<KeyProof, KeyChallengeInput> = {
  kind: 'identity',
  name: keyMethodName,
  description: 'An Ed25519 key.',
  words: {
    en: { name: 'Ed25519 key', identity: 'the Ed25519 key' },
    de: { name: 'Ed25519-Schlüssel', identity: 'der Ed25519-Schlüssel' },
  },
  proof: KeyProof,
  request: KeyChallengeInput,
  needsChallenge: true,
  provisions: 'PERSON',
  links: true,
  showsSubject: true,

  create: () => {
    const publicKeys = new PublicKeys()
    return {
      async challenge(_call: Call, request: KeyChallengeInput): Promise<ChallengeDraft> {
        if (request.scheme !== scheme)
          throw new Failure('BAD_USER_INPUT', `The scheme of this method is ${scheme}.`, { field: 'scheme' })
        const publicKey = publicKeys.parse(request.publicKey)
        const handle = request.handle == null ? null : parseHandle(request.handle)
        return {
          subject: publicKey,
          handle,
          state: null,
          compose: (terms) => composeMessage({ publicKey, handle }, terms),
          keeping: { by: 'asker' },
        }
      },

      about: ({ challenge }) =>
        challenge?.subject == null ? null : { issuer: scheme, subject: challenge.subject },

      async verify(_call: Call, { proof, challenge }: Attempt<KeyProof>): Promise<ShownIdentity> {
        const { message, subject } = challenge ?? { message: null, subject: null }
        if (
          message === null ||
          subject === null ||
          !isSignedBy(publicKeys.import(subject), message, proof.signature)
        )
          throw new Failure('PROOF_REJECTED', undefined, { reason: 'signature does not hold' })
        return {
          issuer: scheme,
          subject,
          // RFC 8176: proof of possession of a key. Whether it is protected by hardware is unknown.
          amr: ['pop'],
          acr: 'aal1',
          deviceName: null,
          credential: null,
          writes: [],
        }
      },
    }
  },
}
