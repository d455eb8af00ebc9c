// Error texts for a mail that was not answered.

import { IdemError } from '../client/idem-error.js'
import { CliError } from './cli-error.js'

const words = {
  PROOF_REJECTED: ['That is not the code of this mail.', 'Try again: idem login --challenge ID --code CODE'],
  CHALLENGE_SPENT: [
    'This mail serves no more: it was answered already, or too many wrong codes were tried.',
    'Ask for a new mail: idem login --email ADDRESS',
  ],
  CHALLENGE_EXPIRED: [
    'This mail serves no more: its time has run out.',
    'Ask for a new mail: idem login --email ADDRESS',
  ],
} as const

/**
 * The error with a text for a person who waits for a mail; errors that do not concern the mail are returned as they
 * are. `again` is the advice for another try; that of a login by default.
 */
export const mailFailure = (error: unknown, again: string | null = null): unknown => {
  if (!(error instanceof IdemError)) return error
  const { code } = error
  if (code !== 'PROOF_REJECTED' && code !== 'CHALLENGE_SPENT' && code !== 'CHALLENGE_EXPIRED') return error
  const [message, next] = words[code]
  return new CliError(code, message, again ?? next, { cause: error })
}
