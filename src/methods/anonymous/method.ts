// The method `anonymous`: a guest, recognised by a secret that its device stores.

import { createHash } from 'node:crypto'
import { Field, InputType } from 'type-graphql'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { parseShownText } from '../../text/shown-text.js'
import type { Attempt, IdentityDefinition, ShownIdentity } from '../method.js'
import { anonymousForm } from './form.js'

/** The proof of a guest. */
@InputType({ description: 'Start as a guest, or come back as the same guest.' })
export class AnonymousProof {
  @Field(() => String, { nullable: true, description: 'What to call the device in the list of sessions.' })
  deviceName?: string

  @Field(() => String, {
    nullable: true,
    description:
      'At least 32 random bytes in base64, kept by the client: the same secret leads to the same account.',
  })
  deviceSecret?: string
}

/** Length of a secret in bytes: at least 256 bits, so that it cannot be guessed; more than 1 KiB is a mistake. */
const [leastBytes, mostBytes] = [32, 1024]

const parseDeviceSecret = (raw: string): Buffer => {
  const bytes = Buffer.from(raw, 'base64')
  if (!/^[\w+/-]+={0,2}$/.test(raw) || bytes.length < leastBytes || bytes.length > mostBytes)
    throw new Failure(
      'BAD_USER_INPUT',
      `deviceSecret must be at least ${leastBytes} random bytes in base64.`,
      {
        field: 'deviceSecret',
      },
    )
  return bytes
}

/** The subject of a guest: the hash of its secret; without a secret a random value, which cannot be proven again. */
export const anonymousMethod: IdentityDefinition<AnonymousProof> = {
  kind: 'identity',
  name: 'anonymous',
  description: 'Start as a guest.',
  words: {
    en: { name: 'guest device', identity: 'a guest device' },
    de: { name: 'Gastgerät', identity: 'ein Gastgerät' },
  },
  proof: AnonymousProof,
  form: anonymousForm,
  needsChallenge: false,
  provisions: 'ANONYMOUS',
  links: false,
  showsSubject: false,

  create: ({ random }) => ({
    // No subject: only the network is limited, because a secret of 256 bits cannot be guessed.
    about: () => null,

    async verify(_call: Call, { proof }: Attempt<AnonymousProof>): Promise<ShownIdentity> {
      const { deviceSecret } = proof
      const secret = deviceSecret == null ? random.bytes(leastBytes) : parseDeviceSecret(deviceSecret)
      return {
        issuer: 'device',
        subject: createHash('sha256').update(secret).digest('base64url'),
        // RFC 8176 has no value for this, because nothing about a person was proven.
        amr: [],
        acr: 'aal0',
        deviceName: parseShownText(proof.deviceName, 'deviceName'),
        credential: null,
        writes: [],
      }
    },
  }),
}
