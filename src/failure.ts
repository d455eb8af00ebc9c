// The closed list of error codes, the class of all refusals, and the class of problems that an operator must solve.

/** The error codes, each with its default sentence, which is safe to show to anyone. */
export const failureSentences = {
  UNAUTHENTICATED: 'Sign in first, or send a valid bearer token.',
  FORBIDDEN: 'This token does not allow that.',
  STEP_UP_REQUIRED: 'Prove again that it is you (stepUp), then repeat the call with the new token.',
  PROOF_REJECTED: 'The proof was not accepted.',
  CHALLENGE_EXPIRED: 'The challenge has expired. Ask for a new one.',
  CHALLENGE_SPENT: 'The challenge has been used. Ask for a new one.',
  REFRESH_REUSED: 'The refresh token had been used before, so the session was ended. Sign in again.',
  BAD_USER_INPUT: 'The input is not valid.',
  NOT_FOUND: 'No such thing.',
  CONFLICT: 'That belongs to another account.',
  LAST_IDENTITY: 'The last identity of an account cannot be unlinked. Link another one first.',
  MERGE_REFUSED: 'These accounts cannot be merged.',
  RATE_LIMITED: 'Too many attempts. Wait, then try again.',
  QUERY_TOO_COSTLY: 'The query is too large. Ask for less at once.',
  UNAVAILABLE: 'Idem cannot answer just now. Try again shortly.',
  INTERNAL: 'Something went wrong at our side. Quote the request id when you report it.',
} as const

/** One code of the closed list. */
export type FailureCode = keyof typeof failureSentences

/** Details of a refusal for the caller, and the private reason and cause for the log. */
export interface FailureDetails {
  /** Why, for the log; never shown to the caller. */
  readonly reason?: string
  /** The causing error, for the log. */
  readonly cause?: unknown
  /** `PROOF_REJECTED`: who tried, and the identity that the proof was about, for the log; never shown to the caller. */
  readonly attempt?: { readonly network: string; readonly identityId: string | null }
  /** `RATE_LIMITED` and `UNAVAILABLE`: the seconds after which to try again. */
  readonly retryAfterSeconds?: number
  /** `BAD_USER_INPUT`: the input field that is wrong. */
  readonly field?: string
  /** `FORBIDDEN`: sets of scopes of which one is needed. */
  readonly requiredScopes?: readonly (readonly string[])[]
  /** `STEP_UP_REQUIRED`: the authentication contexts that suffice (RFC 9470 3). */
  readonly acrValues?: readonly string[]
  /** `STEP_UP_REQUIRED`: the age in seconds that the authentication may have at most (RFC 9470 3). */
  readonly maxAgeSeconds?: number
  /** `STEP_UP_REQUIRED` by `stepUp`: the challenge, as the schema shows it, whose answer completes the given proof. */
  readonly secondFactor?: object
}

/** A refusal: a code of the closed list, a sentence that is safe to show to anyone, and a private reason. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly details: FailureDetails

  constructor(code: FailureCode, sentence: string = failureSentences[code], details: FailureDetails = {}) {
    super(sentence, { cause: details.cause })
    this.code = code
    this.details = details
  }
}

/** An error whose message is ours and holds no secret and nobody's input, so that it may be logged. */
export class LoggableError extends Error {
  override readonly name: string = 'LoggableError'
}

/**
 * The kinds of problems that end a process, with their exit statuses, which never change: supervisors and scripts read
 * them. Numbers and meanings are those of sysexits.h where it has them. 1 is a bug, or work that was left undone.
 */
export const problemKinds = {
  usage: { exitStatus: 64, meaning: 'unknown command or option' },
  data: { exitStatus: 65, meaning: 'the stored data is of another version, or opens with another secret' },
  'database-missing': { exitStatus: 66, meaning: 'the server has no such database' },
  login: { exitStatus: 67, meaning: 'the database server or Redis refuses the user or the password' },
  'host-unknown': { exitStatus: 68, meaning: 'a host name is not known' },
  unavailable: { exitStatus: 69, meaning: 'a server does not answer, is read-only, or is too old' },
  address: { exitStatus: 71, meaning: 'the address or port to listen on cannot be had' },
  storage: { exitStatus: 73, meaning: 'a disk is full or read-only, or a folder cannot be used' },
  output: { exitStatus: 74, meaning: 'standard output cannot be written' },
  passing: { exitStatus: 75, meaning: 'passes by itself: try again' },
  encryption: { exitStatus: 76, meaning: 'TLS or a certificate' },
  right: { exitStatus: 77, meaning: 'a right is lacking' },
  settings: { exitStatus: 78, meaning: 'a setting is missing or wrong' },
} as const

/** The name of a kind of problem. */
export type ProblemKind = keyof typeof problemKinds

/**
 * A problem that prevents a process from running and that a person can solve: the message says how. Shown without a
 * stack.
 */
export class OperatorProblem extends LoggableError {
  override readonly name: string = 'OperatorProblem'
  readonly kind: ProblemKind

  constructor(sentence: string, { kind = 'settings', cause }: { kind?: ProblemKind; cause?: unknown } = {}) {
    super(sentence, { cause })
    this.kind = kind
  }
}

/** Ends a `switch` over a union: a new member that is not handled becomes a type error. */
export const assertNever = (value: never): never => {
  throw new Error(`unhandled case ${JSON.stringify(value)}`)
}
