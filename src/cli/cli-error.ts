// An error that the command line finds by itself: what is wrong and what to do next.

import type { IdemErrorCode } from '../client/idem-error.js'
import type { CliErrorCode } from './exit-code.js'

/** Codes of the SDK that the command line has better words for. */
export type RestatedCode = Extract<
  IdemErrorCode,
  'SIGNED_OUT' | 'PROOF_REJECTED' | 'CHALLENGE_SPENT' | 'CHALLENGE_EXPIRED'
>

/** Neither `message` nor `next` ever holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError'

  constructor(
    readonly code: CliErrorCode | RestatedCode,
    message: string,
    /** What to do next; null when the message says it all. */
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
