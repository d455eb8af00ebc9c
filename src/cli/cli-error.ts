// The errors of the command line itself: what is wrong and what to do next.

import type { IdemErrorCode } from '../client/idem-error.js'
import type { CliErrorCode } from './exit-code.js'

/** Codes of the SDK for which the command line has better texts. */
export type RestatedCode = Extract<
  IdemErrorCode,
  | 'SIGNED_OUT'
  | 'CONFLICT'
  | 'NOT_FOUND'
  | 'PROOF_REJECTED'
  | 'CHALLENGE_SPENT'
  | 'CHALLENGE_EXPIRED'
  | 'STEP_UP_REQUIRED'
>

/** Neither `message` nor `next` ever contains a secret. */
export class CliError extends Error {
  override readonly name = 'CliError'

  constructor(
    readonly code: CliErrorCode | RestatedCode,
    message: string,
    /** What to do next; null if the message suffices. */
    readonly next: string | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Ends a `switch` that handles every case; reaching it is a bug. */
export const assertNever = (value: never): never => {
  throw new Error(`unhandled case: ${String(value)}`)
}
