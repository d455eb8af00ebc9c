// Converts any thrown error into a report for people and scripts: code, sentence, next step, exit code.

import { CommanderError } from 'commander'
import { IdemError, type IdemErrorCode } from '../client/idem-error.js'
import { CliError } from './cli-error.js'
import { type ErrorCode, exitCodes, exitNameOf } from './exit-code.js'
import { networkRemedy } from './network-remedy.js'

/** The report of a failure. */
export interface FailureReport {
  readonly code: ErrorCode
  readonly message: string
  readonly next: string | null
  readonly exitCode: number
  /** Further details from the server, such as `requestId` and `retryAfterSeconds`. */
  readonly details: object
}

/** The report of any error. */
export const describeFailure = (error: unknown): FailureReport => {
  if (error instanceof CliError) {
    const details = error.cause instanceof IdemError ? error.cause.details : {}
    return { ...report(error.code, error.message, error.next), details }
  }
  if (error instanceof IdemError) {
    return { ...report(error.code, error.message, nextStep(error)), details: error.details }
  }
  if (error instanceof CommanderError) return report('USAGE', describeUsage(error), 'See: idem --help')
  const said = error instanceof Error ? error.message : String(error)
  return report('BROKEN', `This is a bug in idem: ${said}`, 'Report it with the command that you ran.')
}

const report = (code: ErrorCode, message: string, next: string | null): FailureReport => {
  const exitCode = exitCodes[exitNameOf[code]].status
  return { code, message, next, exitCode, details: {} }
}

const waysIn = (what: string): string =>
  `${what}: idem login --email ADDRESS, --private-key FILE, --wallet-key FILE, --password or --guest`

const nextSteps: Readonly<Partial<Record<IdemErrorCode, string>>> = {
  TIMED_OUT: 'Try again; `idem status` shows whether the server answers.',
  UNEXPECTED_ANSWER: 'Check --url, IDEM_URL and the config: they must name an Idem, without /graphql.',
  WRONG_CHALLENGE:
    'Reach the server at its own address (--url or IDEM_URL). Where this is its address, it passes on what another ' +
    'server asks, to sign in there as you.',
  SIGNED_OUT: waysIn('Sign in'),
  UNAUTHENTICATED: waysIn('Sign in again'),
  REFRESH_REUSED: 'Sign in again: idem login',
  PROOF_REJECTED:
    'Check that it is the right key. A handle that is taken opens only to a key of its own account; ' +
    'a key that is new cannot join it by login: use `idem keys add` where you are signed in.',
  CHALLENGE_EXPIRED: 'A challenge lives 30 seconds: run the command again.',
  CHALLENGE_SPENT: 'Run the command again: it asks for a new challenge.',
  CONFLICT: 'A key opens one account only. The keys of yours: idem keys list',
  LAST_IDENTITY: 'Nobody could sign in any more. Add another key first: idem keys add --private-key FILE',
  STEP_UP_REQUIRED: 'Prove again who you are with a key of this account: add --sign-with FILE',
}

const nextStep = (error: IdemError): string | null => {
  if (error.retryAfterSeconds !== undefined) return `Try again in ${error.retryAfterSeconds} s.`
  if (error.code === 'INTERNAL' && error.requestId !== undefined) {
    return `The server's log has more under request ${error.requestId}.`
  }
  const isForOperators = error.details.requiredScopes?.some((scopes) => scopes.includes('operator:all'))
  if (error.code === 'FORBIDDEN' && isForOperators === true) {
    return 'Only operators (IDEM_OPERATORS) may do that.'
  }
  return networkRemedy(error) ?? nextSteps[error.code] ?? null
}

/** For a missing command, commander prints the help and throws a message without information. */
const describeUsage = ({ code, message }: CommanderError): string =>
  code === 'commander.help' ? 'No command is given.' : withoutValues(message)

/** Removes values from commander's message about an unknown option, because `--privateKye=…` may contain a key. */
const withoutValues = (message: string): string =>
  message.replace(/^error: /, '').replace(/(--?[\w-]+)=[\s\S]*'/, "$1=…'")
