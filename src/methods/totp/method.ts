// The method `totp`: a code of an authenticator app (RFC 6238) confirms the owner of an account.
import { Field, InputType } from 'type-graphql'
import { type ChallengeDraft, ownedSecretDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { SecondAttempt, SecondFactorDefinition, ShownSecondFactor } from '../method.js'
import { totpForm } from './form.js'
import { parseTotpCode, useTotpCode } from './totp-code.js'

/** The proof of a TOTP. */
@InputType({ description: 'A code of the authenticator app.' })
export class TotpProof {
  @Field(() => String, { description: 'The six digits that the app shows; spaces are ignored.' })
  code!: string
}

/** Confirms the owner of an account by a code of an authenticator app. */
export const totpMethod: SecondFactorDefinition<TotpProof> = {
  kind: 'second_factor',
  name: 'totp',
  description: 'A code of an authenticator app; as a second factor only.',
  words: {
    en: { name: 'authenticator app', identity: 'an authenticator app' },
    de: { name: 'Authenticator-App', identity: 'eine Authenticator-App' },
  },
  proof: TotpProof,
  form: totpForm,
  needsChallenge: false,

  create: ({ secondFactors, keyRing }) => ({
    isGuess({ code }: TotpProof): boolean {
      parseTotpCode(code)
      return true
    },

    async challengeAfter(call: Call, accountId: string): Promise<ChallengeDraft | null> {
      return (await secondFactors.findConfirmed(call, accountId, 'totp')) === null ? null : ownedSecretDraft
    },

    async countTry(call: Call, accountId: string): Promise<void> {
      await secondFactors.countTry(call, accountId, 'totp')
    },

    async verify(call: Call, { proof, accountId }: SecondAttempt<TotpProof>): Promise<ShownSecondFactor> {
      const factor = await secondFactors.findConfirmed(call, accountId, 'totp')
      if (factor === null)
        throw new Failure('PROOF_REJECTED', undefined, { reason: 'the account has no TOTP' })
      const next = useTotpCode(factor, proof.code, { keyRing, now: call.now })
      // RFC 8176: a one-time password.
      return { amr: ['otp'], writes: [secondFactors.useOf(call, factor, next)] }
    },
  }),
}
