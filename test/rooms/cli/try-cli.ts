// A machine made for one test: its own folder, streams and environment, and the command line run on it.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import type { Machine } from '../../../src/cli/machine.js'
import { runCli } from '../../../src/cli/run-cli.js'

/** What a run left behind. */
export interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What one run is given beside its words. */
export interface Circumstances {
  readonly stdin?: string
  readonly isTerminal?: boolean
  readonly environment?: Record<string, string>
  /** How far this machine's clock is ahead of the real one. */
  readonly secondsAhead?: number
}

/** A folder of its own under the system's temporary one. */
export const freshFolder = (): string => mkdtempSync(path.join(tmpdir(), 'idem-cli-test-'))

/** A machine whose files lie in `folder`; shells on it share the config. */
export const machineIn = (folder: string, url: string) => {
  const configPath = path.join(folder, 'config', 'config.json')
  const run = async (words: readonly string[], circumstances: Circumstances = {}): Promise<Run> => {
    const { stdin = '', isTerminal = false, environment = {}, secondsAhead = 0 } = circumstances
    let stdout = ''
    let stderr = ''
    const machine: Machine = {
      words,
      environment: { IDEM_URL: url, ...environment },
      stdin: Object.assign(Readable.from([stdin]), { isTTY: isTerminal }),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      hostname: 'testbed',
      configFolder: path.dirname(configPath),
      version: '0.0.0-test',
      now: () => new Date(Date.now() + secondsAhead * 1000),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    }
    const exitCode = await runCli(machine)
    return { exitCode, stdout, stderr }
  }
  return {
    run,
    configPath,
    config: () => JSON.parse(readFileSync(configPath, 'utf8')),
    file: (name: string) => path.join(folder, name),
  }
}

/** The error of a run with `--json`. */
export const errorOf = ({ stderr }: Run): Record<string, unknown> => JSON.parse(stderr).error
