// The method `anonymous`: a guest, known again by a secret that its device keeps.

import { createHash } from 'node:crypto'
import { Field, InputType } from 'type-graphql'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import { parseShownText } from '../../text/shown-text.js'
import type { Attempt, IdentityDefinition, ShownIdentity } from '../method.js'

/** What a guest brings. */
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

/** 256 bits: nobody finds another guest's secret by guessing. More than 1 KiB is no secret but a mistake. */
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

/** The guest's identity: the hash of its secret, or a random subject that nobody can come back to. */
export const anonymousMethod: IdentityDefinition<AnonymousProof> = {
  kind: 'identity',
  name: 'anonymous',
  description: 'Start as a guest.',
  words: {
    en: { name: 'guest device', identity: 'a guest device' },
    de: { name: 'Gastgerät', identity: 'ein Gastgerät' },
  },
  proof: AnonymousProof,
  needsChallenge: false,
  provisions: 'ANONYMOUS',
  links: false,
  showsSubject: false,

  create: ({ random }) => ({
    // A guest can be anybody, and trying a secret of 256 bits is hopeless.
    about: () => null,

    async verify(_call: Call, { proof }: Attempt<AnonymousProof>): Promise<ShownIdentity> {
      const { deviceSecret } = proof
      const secret = deviceSecret == null ? random.bytes(leastBytes) : parseDeviceSecret(deviceSecret)
      return {
        issuer: 'device',
        subject: createHash('sha256').update(secret).digest('base64url'),
        // RFC 8176 has no value for it: nothing about a person was shown.
        amr: [],
        acr: 'aal0',
        deviceName: parseShownText(proof.deviceName, 'deviceName'),
        credential: null,
        writes: [],
      }
    },
  }),
}
