// What the command line touches of the machine it runs on, handed in once so that tests can be a machine.

import type { Readable } from 'node:stream'
import type { Clock } from '../client/clock.js'
import type { Sinks } from './output.js'

/** The machine, its user's shell and its devices. */
export interface Machine extends Sinks {
  /** What stands after `idem`. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly hostname: string
  /** The platform's folder for the settings of `idem`. */
  readonly configFolder: string
  /** This version of `idem`. */
  readonly version: string
  readonly now: Clock
  /** Does the work to its end even when the process is told to stop meanwhile; it stops then. */
  readonly unbroken: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** `count` bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Uint8Array
}

/** Whether `--json` was typed: known before the options are parsed, for the errors of that parsing itself. */
export const wantsJson = ({ words }: Machine): boolean => words.includes('--json')
