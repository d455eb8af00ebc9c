// The interface between the command line and the machine, passed in so that tests can replace it.

import type { Readable } from 'node:stream'
import type { Clock } from '../client/clock.js'
import type { Sinks } from './output.js'

/** The machine, the user's shell and the devices. */
export interface Machine extends Sinks {
  /** The arguments after `idem`. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly hostname: string
  /** The platform's config folder of `idem`; null if no home folder is known. */
  readonly configFolder: string | null
  /** The version of `idem`. */
  readonly version: string
  readonly now: Clock
  /** Finishes the work even if a signal arrives meanwhile; the process stops after it. */
  readonly unbroken: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Runs work that ends soon after Ctrl-C aborts the signal; the process goes on until then. */
  readonly untilInterrupted: <Result>(work: (interrupted: AbortSignal) => Promise<Result>) => Promise<Result>
  /** `count` random bytes from a cryptographic generator. */
  readonly randomBytes: (count: number) => Uint8Array
}

/** Whether `--json` was given; known before options are parsed, for errors of the parsing itself. */
export const wantsJson = ({ words }: Machine): boolean => words.includes('--json')
