// Proves a reset beside its mailed code: by the signature of a registered device, or by a recovery code.
import type { Account } from '../accounts/account.js'
import type { Challenge } from '../challenges/challenge.js'
import type { Call } from '../database/call.js'
import type { Part } from '../database/change.js'
import type { Devices } from '../devices/devices.js'
import { Failure } from '../failure.js'
import { importKey } from '../methods/key/public-key.js'
import { isSignedBy } from '../methods/key/signature.js'
import type { Method } from '../methods/method.js'
import { recoveryCodeMethodName } from '../methods/recovery-code/method.js'

/** What `proveReset` works with. */
export interface ProveResetNeeds {
  readonly devices: Devices
  readonly methods: readonly Method[]
}

/** What is given beside the code of the mail; at most one of them. */
export interface GivenResetProof {
  /** Over the message of the challenge. */
  readonly deviceSignature: string | null
  readonly recoveryCode: string | null
}

/** What a reset was proven by beside the code of the mail, and what that changes. */
export interface ResetProof {
  readonly by: 'device' | 'recovery_code' | 'wait'
  /** The device that signed, or null. */
  readonly deviceId: string | null
  readonly writes: readonly Part[]
}

/** An account whose password is to be reset, and the answered challenge of its mail. */
export interface ResetAttempt {
  readonly account: Account
  readonly challenge: Challenge
  readonly given: GivenResetProof
}

/** The proof that was given; null if none was. Reads only. Throws `PROOF_REJECTED` for one that does not hold. */
export const proveReset = async (
  call: Call,
  attempt: ResetAttempt,
  needs: ProveResetNeeds,
): Promise<ResetProof | null> => {
  const { deviceSignature, recoveryCode } = attempt.given
  if (deviceSignature !== null) return await byDevice(call, deviceSignature, { attempt, needs })
  if (recoveryCode !== null) return await byRecoveryCode(call, recoveryCode, { attempt, needs })
  return null
}

interface Checked {
  readonly attempt: ResetAttempt
  readonly needs: ProveResetNeeds
}

const byDevice = async (
  call: Call,
  signature: string,
  { attempt: { account, challenge }, needs }: Checked,
): Promise<ResetProof> => {
  const devices = await needs.devices.listOf(call, account.id)
  const { message } = challenge
  const signer = devices.find(
    ({ publicKey }) => message !== null && isSignedBy(importKey(publicKey), message, signature),
  )
  if (signer === undefined)
    throw new Failure('PROOF_REJECTED', 'No registered device of this account has signed that.', {
      reason: `none of ${devices.length} devices of account ${account.id} has signed`,
    })
  return { by: 'device', deviceId: signer.id, writes: [] }
}

const byRecoveryCode = async (
  call: Call,
  code: string,
  { attempt: { account, challenge }, needs }: Checked,
): Promise<ResetProof> => {
  const method = needs.methods.find(({ name }) => name === recoveryCodeMethodName)
  if (method?.kind !== 'second_factor') throw new Error(`there is no second factor ${recoveryCodeMethodName}`)
  await method.countTry?.(call, account.id)
  const attempt = { proof: { code }, challenge, purpose: challenge.purpose, accountId: account.id }
  const { writes } = await method.verify(call, attempt)
  return { by: 'recovery_code', deviceId: null, writes }
}
