// The exit codes of `idem`: the table that `--help` prints and that maps every error to its exit code.

import type { IdemErrorCode } from '../client/idem-error.js'

/** Each exit code with its meaning. */
export const exitCodes = {
  ok: { status: 0, meaning: 'done' },
  refused: { status: 1, meaning: 'refused for another reason; the message says which' },
  usage: { status: 2, meaning: 'wrong command, option or value' },
  signedOut: { status: 3, meaning: 'not signed in, or the session is over' },
  unreachable: { status: 4, meaning: 'the server does not answer, or is no Idem' },
  proofRejected: {
    status: 5,
    meaning: 'the proof was rejected: wrong key or code, handle taken, challenge too old',
  },
  inputMissing: {
    status: 6,
    meaning: 'a private key, password or code is missing, or a key is unreadable or encrypted',
  },
  rateLimited: { status: 7, meaning: 'too many attempts: wait, then try again' },
  config: { status: 8, meaning: 'the config file is damaged, locked, has no place or cannot be written' },
  broken: { status: 70, meaning: 'idem itself is broken or not built' },
  outputLost: { status: 74, meaning: 'done, but the result could not be written' },
} as const

/** The name of an exit code. */
export type ExitName = keyof typeof exitCodes

/** Failures of the command line itself, beside those of the SDK. */
export type CliErrorCode =
  | 'USAGE'
  | 'KEY_MISSING'
  | 'ANSWER_MISSING'
  | 'KEY_UNREADABLE'
  | 'KEY_ENCRYPTED'
  | 'KEY_MISMATCH'
  | 'NO_SUCH_KEY'
  | 'NO_SUCH_IDENTITY'
  | 'NO_SECOND_FACTOR'
  | 'MAIL_REFUSED'
  | 'ENDPOINT_LEFT'
  | 'FILE_EXISTS'
  | 'FILE_NOT_WRITTEN'
  | 'OUTPUT_NOT_WRITTEN'
  | 'CONFIG_NOWHERE'
  | 'CONFIG_DAMAGED'
  | 'CONFIG_LOCKED'
  | 'CONFIG_NOT_WRITTEN'
  | 'BROKEN'

/** Every value of `{"error":{"code"}}`. */
export type ErrorCode = IdemErrorCode | CliErrorCode

/** The exit code of each error. */
export const exitNameOf: Readonly<Record<ErrorCode, ExitName>> = {
  USAGE: 'usage',
  BAD_USER_INPUT: 'usage',
  SIGNED_OUT: 'signedOut',
  UNAUTHENTICATED: 'signedOut',
  REFRESH_REUSED: 'signedOut',
  UNREACHABLE: 'unreachable',
  TIMED_OUT: 'unreachable',
  UNEXPECTED_ANSWER: 'unreachable',
  UNAVAILABLE: 'unreachable',
  PROOF_REJECTED: 'proofRejected',
  CHALLENGE_EXPIRED: 'proofRejected',
  CHALLENGE_SPENT: 'proofRejected',
  STEP_UP_REQUIRED: 'proofRejected',
  KEY_MISMATCH: 'proofRejected',
  KEY_MISSING: 'inputMissing',
  ANSWER_MISSING: 'inputMissing',
  KEY_UNREADABLE: 'inputMissing',
  KEY_ENCRYPTED: 'inputMissing',
  RATE_LIMITED: 'rateLimited',
  CONFIG_NOWHERE: 'config',
  CONFIG_DAMAGED: 'config',
  CONFIG_LOCKED: 'config',
  CONFIG_NOT_WRITTEN: 'config',
  WRONG_CHALLENGE: 'refused',
  WALLET_REFUSED: 'refused',
  FORBIDDEN: 'refused',
  NOT_FOUND: 'refused',
  CONFLICT: 'refused',
  LAST_IDENTITY: 'refused',
  MERGE_REFUSED: 'refused',
  QUERY_TOO_COSTLY: 'refused',
  INTERNAL: 'refused',
  NO_SUCH_KEY: 'refused',
  NO_SUCH_IDENTITY: 'refused',
  NO_SECOND_FACTOR: 'refused',
  MAIL_REFUSED: 'refused',
  ENDPOINT_LEFT: 'refused',
  FILE_EXISTS: 'refused',
  FILE_NOT_WRITTEN: 'refused',
  OUTPUT_NOT_WRITTEN: 'outputLost',
  BROKEN: 'broken',
}
