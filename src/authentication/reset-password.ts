// Resets a forgotten password: by the code of a mail, and beside it a device, a recovery code, or a wait.
import { type Account, suspendedFailure } from '../accounts/account.js'
import type { Call } from '../database/call.js'
import { Failure } from '../failure.js'
import type { ProvenIdentities } from '../identities/proven-identities.js'
import { parseSignature } from '../methods/key/signature.js'
import { parseRecoveryCode } from '../methods/recovery-code/recovery-code.js'
import { type AskedReset, isAvailable } from '../password-resets/password-reset.js'
import { checkNewPassword } from '../passwords/check-new-password.js'
import { contextWords } from '../passwords/context-words.js'
import { readNewPassword } from '../passwords/password.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import { type BeginPasswordResetNeeds, beginPasswordReset } from './begin-password-reset.js'
import { type CompletePasswordResetNeeds, completePasswordReset } from './complete-password-reset.js'
import { noteRejectedProof } from './note-rejected-proof.js'
import { type GivenResetProof, type ProveResetNeeds, proveReset } from './prove-reset.js'
import type { VerifiedIdentity } from './verified-proof.js'
import { type VerifyProofNeeds, verifyProof } from './verify-proof.js'

/** What `resetPassword` works with. */
export interface ResetPasswordNeeds
  extends VerifyProofNeeds,
    ProveResetNeeds,
    BeginPasswordResetNeeds,
    CompletePasswordResetNeeds {
  readonly provenIdentities: ProvenIdentities
  readonly passwordHasher: PasswordHasher
  readonly methods: VerifyProofNeeds['methods']
  readonly random: CompletePasswordResetNeeds['random']
}

/** A reset as it is asked for. */
export interface ResetRequest extends GivenResetProof {
  readonly challengeId: string
  /** The code of the mail; null once its link was confirmed. */
  readonly code: string | null
  readonly newPassword: string
}

/**
 * The reset: done, or waiting. The code of the mail alone begins a wait, which is told to every address and which any
 * session cancels; after it, another code completes it. A reset opens no session and ends all of them. A password that
 * is too weak, and what is refused beside the code, costs no code.
 */
export const resetPassword = async (
  call: Call,
  request: ResetRequest,
  needs: ResetPasswordNeeds,
): Promise<AskedReset> =>
  await noteRejectedProof(
    call,
    { about: () => null, run: async () => await resetBy(call, request, needs) },
    needs,
  )

const resetBy = async (call: Call, request: ResetRequest, needs: ResetPasswordNeeds): Promise<AskedReset> => {
  const { challengeId, code, newPassword, deviceSignature, recoveryCode } = request
  // 1 what nobody may have as a password, and what could not be hashed now, costs no try of the code
  refuseMalformed({ deviceSignature, recoveryCode })
  await refuseGuessable(newPassword, needs)
  needs.passwordHasher.admit(call.source.network)
  // 2 count the attempt, 3 verify the code of the mail
  const proof = { email: code === null ? {} : { code } }
  const verified = await verifyProof(call, { challengeId, proof, purpose: 'RESET_PASSWORD' }, needs)
  if (verified.kind !== 'identity')
    throw new Failure('PROOF_REJECTED', undefined, { reason: 'a second factor resets nothing' })
  const account = await ownerOf(call, verified, needs)
  // 4 the proof beside the code
  const found = await needs.challenges.find(call, challengeId)
  if (found === null) throw new Failure('CHALLENGE_EXPIRED')
  const attempt = { account, challenge: found.challenge, given: { deviceSignature, recoveryCode } }
  const proven = await proveReset(call, attempt, needs)
  if (proven !== null)
    return await completePasswordReset(call, { account, verified, proven, newPassword }, needs)
  // 5 without one: the wait
  const waiting = await needs.passwordResets.findWaiting(call, account.id)
  if (waiting === null || !isAvailable(waiting, call.now))
    return await beginPasswordReset(call, { account, verified }, needs)
  const waited = { by: 'wait', deviceId: null, writes: [] } as const
  return await completePasswordReset(call, { account, verified, proven: waited, newPassword }, needs)
}

/** What cannot be a signature or a code is known without the account. */
const refuseMalformed = ({ deviceSignature, recoveryCode }: GivenResetProof): void => {
  const field = 'recoveryCode'
  if (deviceSignature !== null && recoveryCode !== null)
    throw new Failure('BAD_USER_INPUT', 'Give a signature or a recovery code, not both.', { field })
  if (deviceSignature !== null) parseSignature(deviceSignature)
  if (recoveryCode !== null) parseRecoveryCode(recoveryCode, field)
}

/** Without the words of the account, which a caller without the code must not learn. They are compared later. */
const refuseGuessable = async (newPassword: string, needs: ResetPasswordNeeds): Promise<void> => {
  const field = 'newPassword'
  const words = contextWords({ handle: null, addresses: [], domain: needs.domain })
  const { commonPasswords } = needs
  await checkNewPassword(readNewPassword(newPassword, field), { field, words, commonPasswords })
}

/** The account of the proven address, told to the owner of its mailbox alone. */
const ownerOf = async (
  call: Call,
  { proven }: VerifiedIdentity,
  needs: ResetPasswordNeeds,
): Promise<Account> => {
  const { found } = await needs.provenIdentities.lookUp(call, proven, null)
  if (found?.account.suspendedAt != null) throw suspendedFailure('FORBIDDEN', found.account.id)
  const password = found && (await needs.passwords.find(call, { kind: 'account', name: found.account.id }))
  if (found === null || password === null)
    throw new Failure(
      'NOT_FOUND',
      'No account with a password has this address. Sign in with a mailed code.',
      {
        reason: 'no password to reset',
      },
    )
  return found.account
}
