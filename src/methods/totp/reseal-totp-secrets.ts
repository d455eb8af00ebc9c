// Seals the TOTP secrets of older secrets of the installation anew, so that those can go from the list after one start.
import type { Call } from '../../database/call.js'
import { OperatorProblem } from '../../failure.js'
import type { SealedFactor, SecondFactors } from '../../second-factors/second-factors.js'
import { type SealNeeds, sealedPrefix } from '../../tokens/sealed-value.js'
import { sealTotpSecret, unsealTotpSecret } from './totp-secret.js'

/** What `resealTotpSecrets` works with. */
export interface ResealTotpSecretsNeeds extends SealNeeds {
  readonly secondFactors: SecondFactors
}

/** Rows per statement. */
const batchSize = 500

/**
 * Seals every TOTP secret by the first secret of the list; returns how many it changed. Throws `OperatorProblem` if
 * none of the listed secrets opens one.
 */
export const resealTotpSecrets = async (call: Call, needs: ResealTotpSecretsNeeds): Promise<number> => {
  const { secondFactors, keyRing } = needs
  const prefix = sealedPrefix(keyRing, 'totp')
  let count = 0
  let after: string | null = null
  for (;;) {
    const page = { prefix, after, limit: batchSize }
    const batch: readonly SealedFactor[] = await secondFactors.listSealedBefore(call, 'totp', page)
    after = batch.at(-1)?.id ?? null
    if (after === null) return count
    const changes = batch.map((factor) => {
      const secret = unsealTotpSecret(keyRing, factor.sealed)
      if (secret === null)
        throw new OperatorProblem(
          `IDEM_SECRET does not open the TOTP secret ${factor.id}. It was sealed with another secret: append that one to the list (IDEM_SECRET=new,old).`,
          { kind: 'data' },
        )
      return { ...factor, next: sealTotpSecret(needs, secret) }
    })
    await secondFactors.reseal(call, changes)
    count += changes.length
  }
}
