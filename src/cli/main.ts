// The process `idem`: runs one command on this machine.

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import envPaths from 'env-paths'
import { systemClock } from '../client/clock.js'
import { runCli } from './run-cli.js'
import { unbroken } from './unbroken.js'

/** Runs the command line of this process and returns its exit code. `version` is that of the package. */
export const main = (version: string): Promise<number> =>
  runCli({
    words: process.argv.slice(2),
    environment: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    hostname: hostname(),
    configFolder: envPaths('idem', { suffix: '' }).config,
    version,
    now: systemClock,
    unbroken,
    randomBytes,
  })
