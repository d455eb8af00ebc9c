// Resets a forgotten password: by the code of a mail, and beside it this machine's key, a recovery code, or a wait.

import { IdemError } from '../client/idem-error.js'
import { type PasswordReset, requestReset, resetPassword, signReset } from '../client/password.js'
import type { Answer } from '../client/proof.js'
import { answerMail } from './answer-mail.js'
import { askNewPassword } from './ask-new-password.js'
import { CliError } from './cli-error.js'
import type { DeviceKey } from './config.js'
import type { Connection } from './invocation.js'
import { parsePrivateKey } from './private-key.js'
import { tellOfMail } from './tell-of-mail.js'
import { sourceWithoutFile } from './unusable-key.js'

/** What proves a reset beside the code of the mail. */
export type ResetProof =
  | { readonly by: 'device'; readonly key: DeviceKey }
  | { readonly by: 'recovery-code'; readonly code: string }
  | { readonly by: 'wait' }

/** The address of the account, and the proof. */
export interface ResetRequest {
  readonly address: string
  readonly proof: ResetProof
}

/** The reset, done or waiting. The new password is asked for first, so that the code is typed last. */
export const resetByMail = async (
  connection: Connection,
  { address, proof }: ResetRequest,
): Promise<PasswordReset> => {
  const { transport, machine, prompter, output } = connection
  let newPassword = await askNewPassword(connection)
  const challenge = await requestReset(transport, address)
  const beside = await inputOf(connection, { address, proof }, challenge.message)
  tellOfMail(connection, challenge, address)
  const submit = async (answer: Answer): Promise<PasswordReset> => {
    const code = 'email' in answer.proof ? answer.proof.email : {}
    for (;;) {
      try {
        const input = { challengeId: challenge.id, ...code, newPassword, ...beside }
        return await machine.unbroken(() => resetPassword(transport, input))
      } catch (error) {
        if (!isOfPassword(error) || !prompter.isInteractive) throw restated(error, proof)
        // A password that is not good enough costs no code.
        output.progress(error.message)
        newPassword = await askNewPassword(connection)
      }
    }
  }
  return answerMail(connection, { challenge, submit, again: 'Run the command again, for a new mail.' })
}

const inputOf = async (
  { transport, config }: Connection,
  { address, proof }: ResetRequest,
  message: string,
): Promise<{ readonly deviceSignature?: string; readonly recoveryCode?: string }> => {
  switch (proof.by) {
    case 'device': {
      const signer = parsePrivateKey(proof.key.privateKey, sourceWithoutFile(`The key in ${config.path}`))
      return { deviceSignature: await signReset(transport, signer, { message, address }) }
    }
    case 'recovery-code':
      return { recoveryCode: proof.code }
    case 'wait':
      return {}
  }
}

const isOfPassword = (error: unknown): error is IdemError =>
  error instanceof IdemError && error.code === 'BAD_USER_INPUT' && error.details.field === 'newPassword'

/** The sentence of the server for a wrong code; with any other one, another code would not help. */
const wrongCode = 'The proof was not accepted.'

const restated = (error: unknown, { by }: ResetProof): unknown => {
  if (!(error instanceof IdemError)) return error
  if (error.code === 'NOT_FOUND')
    return new CliError('NOT_FOUND', error.message, 'Sign in: idem login --email ADDRESS', { cause: error })
  if (error.code !== 'PROOF_REJECTED') return error
  const others =
    by === 'wait'
      ? 'Another way: idem passwords reset --recovery-code'
      : 'Other ways: idem passwords reset --recovery-code, or --wait'
  if (error.message !== wrongCode)
    return new CliError('PROOF_REJECTED', error.message, others, { cause: error })
  if (by !== 'recovery-code') return error
  const message = 'The code of the mail or the recovery code is wrong.'
  return new CliError('PROOF_REJECTED', message, 'Run the command again.', { cause: error })
}
