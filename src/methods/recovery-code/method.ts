// The method `recoveryCode`: a code that was written down stands in for any second factor, once.
import { Field, InputType } from 'type-graphql'
import { announceAct } from '../../audit/announce-act.js'
import { type ChallengeDraft, ownedSecretDraft } from '../../challenges/challenge.js'
import type { Call } from '../../database/call.js'
import { Failure } from '../../failure.js'
import type { MethodNeeds, SecondAttempt, SecondFactorDefinition, ShownSecondFactor } from '../method.js'
import { recoveryCodeForm } from './form.js'
import { parseRecoveryCode, recoveryCredentialOf, withoutCode } from './recovery-code.js'

/** The proof of a recovery code. */
@InputType({ description: 'One of the recovery codes of the account.' })
export class RecoveryCodeProof {
  @Field(() => String, { description: 'The code in any case, with or without its dashes.' })
  code!: string
}

/** The name by which clients and stored factors know it. */
export const recoveryCodeMethodName = 'recoveryCode'

/** Stands in for any second factor of an account, once a code. */
export const recoveryCodeMethod: SecondFactorDefinition<RecoveryCodeProof> = {
  kind: 'second_factor',
  name: recoveryCodeMethodName,
  description: 'A recovery code, in place of any second factor.',
  words: {
    en: { name: 'recovery code', identity: 'a recovery code' },
    de: { name: 'Wiederherstellungscode', identity: 'ein Wiederherstellungscode' },
  },
  proof: RecoveryCodeProof,
  form: recoveryCodeForm,
  needsChallenge: false,

  create: (needs) => {
    const standsIn = async (call: Call, accountId: string): Promise<boolean> => {
      const found = await needs.secondFactors.findConfirmed(call, accountId, 'recoveryCode')
      return found !== null && recoveryCredentialOf(found).hashes.length > 0
    }
    return {
      standsIn,

      isGuess({ code }: RecoveryCodeProof): boolean {
        parseRecoveryCode(code, 'code')
        return true
      },

      async challengeAfter(call: Call, accountId: string): Promise<ChallengeDraft | null> {
        return (await standsIn(call, accountId)) ? ownedSecretDraft : null
      },

      async verify(call: Call, attempt: SecondAttempt<RecoveryCodeProof>): Promise<ShownSecondFactor> {
        return await useCode(call, attempt, needs)
      },
    }
  },
}

const useCode = async (
  call: Call,
  { proof, accountId }: SecondAttempt<RecoveryCodeProof>,
  needs: MethodNeeds,
): Promise<ShownSecondFactor> => {
  const factor = await needs.secondFactors.findConfirmed(call, accountId, 'recoveryCode')
  const next = factor && withoutCode(recoveryCredentialOf(factor), proof.code)
  if (factor === null || next === null)
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'no such recovery code is left' })
  const act = {
    action: 'recovery_code.used',
    accountId,
    actorId: accountId,
    // The session that the code opens is not known yet, so the notice takes the device from here.
    detail: { left: next.hashes.length, userAgent: call.source.userAgent },
  } as const
  return {
    // RFC 8176: a one-time password.
    amr: ['otp'],
    writes: [needs.secondFactors.useOf(call, factor, next), ...announceAct(call, act, needs)],
  }
}
