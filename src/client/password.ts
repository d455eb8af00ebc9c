// The password of the account, and its reset.

import { type AccountSummary, accountSummaryFields } from './account.js'
import { toBase64 } from './base64.js'
import { checkResetText } from './check-reset-text.js'
import { type ChallengeState, challengeFields } from './email-challenge.js'
import type { KeySigner } from './proof.js'
import type { Transport } from './transport.js'

/**
 * Sets or changes the password; from then on each sign-in asks for two proofs. `BAD_USER_INPUT` for a password that is
 * too short, too long or too common, `CONFLICT` for an account without a verified address or an authenticator app.
 */
export const setPassword = async (transport: Transport, newPassword: string): Promise<AccountSummary> => {
  const document = `mutation SetPassword($input: SetPasswordInput!) {
    setPassword(input: $input) { ${accountSummaryFields} }
  }`
  const data = await transport.send<{ setPassword: AccountSummary }>({
    document,
    variables: { input: { newPassword } },
  })
  return data.setPassword
}

/** The mail of a reset, and the text that a device signs. */
export interface ResetChallenge extends ChallengeState {
  readonly message: string
}

/** A reset that was asked for. */
export interface PasswordReset {
  readonly id: string
  /** `WAITING`: nothing has changed yet. */
  readonly status: 'WAITING' | 'DONE' | 'CANCELLED'
  /** From when a mailed code alone completes it, in ISO 8601; null if it never waited. */
  readonly availableAt: string | null
}

const resetFields = 'id status availableAt'

/** Requests the mail with the code of a reset. The answer is the same whether or not an account has the address. */
export const requestReset = async (transport: Transport, address: string): Promise<ResetChallenge> => {
  const document = `mutation RequestReset($address: String!) {
    issueChallenge(input: { email: { address: $address } }, purpose: RESET_PASSWORD) { ${challengeFields} message }
  }`
  const data = await transport.send<{ issueChallenge: ResetChallenge }>({ document, variables: { address } })
  return data.issueChallenge
}

/**
 * The signature of a device under the reset of an address, in base64. Signs nothing and throws `WRONG_CHALLENGE` if the
 * text names anything else.
 */
export const signReset = async (
  transport: Transport,
  signer: KeySigner,
  { message, address }: { readonly message: string; readonly address: string },
): Promise<string> => {
  checkResetText(message, { server: await transport.identify(), address })
  return toBase64(await signer.sign(new TextEncoder().encode(message)))
}

/** A new password, and what proves the reset. Without a device and a recovery code it begins, or ends, a wait. */
export interface ResetInput {
  readonly challengeId: string
  /** Absent once the challenge is `CONFIRMED`. */
  readonly code?: string
  readonly newPassword: string
  readonly deviceSignature?: string
  readonly recoveryCode?: string
}

/** Resets the password; signs nobody in and ends every session of the account. */
export const resetPassword = async (transport: Transport, input: ResetInput): Promise<PasswordReset> => {
  const document = `mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input) { ${resetFields} }
  }`
  const data = await transport.send<{ resetPassword: PasswordReset }>({ document, variables: { input } })
  return data.resetPassword
}

/** The reset of the session's account that waits, or null. */
export const fetchPasswordReset = async (transport: Transport): Promise<PasswordReset | null> => {
  const document = `query PasswordReset { me { passwordReset { ${resetFields} } } }`
  const { me } = await transport.send<{ me: { passwordReset: PasswordReset | null } | null }>({ document })
  return me?.passwordReset ?? null
}

/** Cancels a reset that waits. `NOT_FOUND` if there is none. */
export const cancelPasswordReset = async (transport: Transport, id: string): Promise<void> => {
  const document = 'mutation CancelPasswordReset($id: ID!) { cancelPasswordReset(id: $id) }'
  await transport.send({ document, variables: { id } })
}
