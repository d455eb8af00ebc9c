// An error that the command line finds by itself: what is wrong and what to do next.

import type { IdemErrorCode } from '../client/idem-error.js'
import type { CliErrorCode } from './exit-code.js'

/** Neither `message` nor `next` ever holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError'

  constructor(
    readonly code: CliErrorCode | Extract<IdemErrorCode, 'SIGNED_OUT'>,
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
