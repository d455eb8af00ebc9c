// The only error class of the SDK, with a code for programs.

import type { FaultReason } from './fault-reason.js'
import type { SecondFactor } from './second-factor.js'

/** The closed list of codes with which Idem refuses a call. */
export const refusalCodes = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'STEP_UP_REQUIRED',
  'PROOF_REJECTED',
  'CHALLENGE_EXPIRED',
  'CHALLENGE_SPENT',
  'REFRESH_REUSED',
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'LAST_IDENTITY',
  'MERGE_REFUSED',
  'RATE_LIMITED',
  'QUERY_TOO_COSTLY',
  'UNAVAILABLE',
  'INTERNAL',
] as const

/** A code of the server. */
export type RefusalCode = (typeof refusalCodes)[number]

/**
 * A code for failures on the client's side: no answer (`UNREACHABLE`), no answer in time (`TIMED_OUT`), an answer that
 * is not Idem's GraphQL (`UNEXPECTED_ANSWER`), a text to sign that names another server, purpose, key or handle than
 * was requested (`WRONG_CHALLENGE`), a wallet that gives no account or no signature (`WALLET_REFUSED`), or no session
 * and no way to sign in again (`SIGNED_OUT`).
 */
export type LocalCode =
  | 'UNREACHABLE'
  | 'TIMED_OUT'
  | 'UNEXPECTED_ANSWER'
  | 'WRONG_CHALLENGE'
  | 'WALLET_REFUSED'
  | 'SIGNED_OUT'

/** Every code of an `IdemError`. */
export type IdemErrorCode = RefusalCode | LocalCode

/** Further details of a refusal, as far as the server sent them, and of a call without an answer of Idem. */
export interface RefusalDetails {
  readonly requestId?: string
  readonly retryAfterSeconds?: number
  readonly field?: string
  /** Sets of scopes of which one is needed. */
  readonly requiredScopes?: readonly (readonly string[])[]
  readonly acrValues?: readonly string[]
  readonly maxAgeSeconds?: number
  /** The challenge that completes a proof that was too weak alone. */
  readonly secondFactor?: SecondFactor
  /** Why there is no answer of Idem. */
  readonly reason?: FaultReason
  /** The origin of the proxy that could not be reached or that refused. */
  readonly proxy?: string
}

/** Thrown by everything in this SDK. Its message is safe to show to anyone. */
export class IdemError extends Error {
  override readonly name = 'IdemError'

  constructor(
    readonly code: IdemErrorCode,
    message: string,
    readonly details: RefusalDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  /** The id of this request in the server's log. */
  get requestId(): string | undefined {
    return this.details.requestId
  }

  /** The seconds to wait before trying again. */
  get retryAfterSeconds(): number | undefined {
    return this.details.retryAfterSeconds
  }
}
