// A second factor as tests have it: a PIN of an account, which may be tried five times.
import { Field, InputType } from 'type-graphql'
import type { Call } from '../../../src/database/call.js'
import { Failure } from '../../../src/failure.js'
import type {
  ChallengeAim,
  SecondAttempt,
  SecondFactorDefinition,
  ShownSecondFactor,
} from '../../../src/methods/method.js'

/** What asks for a PIN. */
@InputType({ description: 'Ask to be asked for the PIN.' })
export class TestPinChallengeInput {
  @Field(() => Boolean, { nullable: true, description: 'Nothing depends on it: an input needs a field.' })
  unused?: boolean
}

/** A PIN. */
@InputType({ description: 'Answer with the PIN.' })
export class TestPinProof {
  @Field(() => String, { description: 'The PIN of the account.' })
  pin!: string
}

/** The second factor over these PINs, by account. */
export const createTestPinMethod = (
  pins: ReadonlyMap<string, string>,
): SecondFactorDefinition<TestPinProof, TestPinChallengeInput> => {
  const draft = {
    subject: null,
    handle: null,
    state: null,
    compose: null,
    keeping: { by: 'service', mailTo: null },
  } as const
  return {
    kind: 'second_factor',
    name: 'testPin',
    description: 'A PIN as tests have it.',
    words: {
      en: { name: 'test PIN', identity: 'the test PIN' },
      de: { name: 'Test-PIN', identity: 'die Test-PIN' },
    },
    proof: TestPinProof,
    request: TestPinChallengeInput,
    needsChallenge: true,

    create: () => ({
      isGuess: () => true,

      async challenge(_call: Call, _request: TestPinChallengeInput, { accountId }: ChallengeAim) {
        if (accountId !== null && pins.has(accountId)) return draft
        throw new Failure('BAD_USER_INPUT', 'This account has no PIN.', { field: 'input' })
      },

      challengeAfter: async (_call: Call, accountId: string) => (pins.has(accountId) ? draft : null),

      async verify(
        _call: Call,
        { proof, accountId }: SecondAttempt<TestPinProof>,
      ): Promise<ShownSecondFactor> {
        if (pins.get(accountId) !== proof.pin)
          throw new Failure('PROOF_REJECTED', undefined, { reason: 'another PIN' })
        return { amr: ['pin'], writes: [] }
      },
    }),
  }
}
