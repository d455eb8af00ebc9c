// The config file on the disk: read whole, changed by one process at a time, replaced at once.

import { mkdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { lock } from 'proper-lockfile'
import { CliError } from './cli-error.js'
import { type Config, ConfigFormatError, emptyConfig, parseConfig } from './config.js'
import { shellWord } from './shell-word.js'
import { writeFileAtomically } from './write-file-atomically.js'

/** A config file that may not exist yet. */
export interface ConfigFile {
  readonly path: string
  /** What it holds; the empty config when there is no file. `CONFIG_DAMAGED` when it cannot be understood. */
  read(): Promise<Config>
  /**
   * Locks the file, reads it, writes what `change` makes of it and answers that. Nothing is written when
   * `change` throws or answers what it was given. `CONFIG_LOCKED`, `CONFIG_NOT_WRITTEN`.
   */
  update(change: (config: Config) => Promise<Config>): Promise<Config>
}

/** The config file at `file`. */
export const configFile = (file: string): ConfigFile => ({
  path: file,
  read: () => readConfig(file),
  update: async (change) => {
    const target = await prepare(file)
    const held = await acquire(target)
    try {
      const before = await readConfig(target)
      const after = await change(before)
      if (after !== before) await write(target, after, held)
      return after
    } finally {
      await held.release()
    }
  },
})

interface HeldLock {
  /** Whether another process may have taken it over, after this one was asleep for long. */
  readonly isLost: () => boolean
  readonly release: () => Promise<void>
}

const readConfig = async (file: string): Promise<Config> => {
  try {
    return parseConfig(await readFile(file, 'utf8'))
  } catch (cause) {
    if (cause instanceof ConfigFormatError) throw damaged(file, cause)
    if (hasCode(cause, 'ENOENT')) return emptyConfig
    throw new CliError(
      'CONFIG_DAMAGED',
      `The config file ${file} cannot be read.`,
      'Check its permissions.',
      {
        cause,
      },
    )
  }
}

/** The path to write to: a linked config stays a link, and its folder exists, closed to others. */
const prepare = async (file: string): Promise<string> => {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    return await realpath(file)
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return file
    throw notWritten(file, cause)
  }
}

/** A holder shows every 5 s that it is alive, so after 10 s of silence its lock is taken over. */
const staleAfterMs = 10_000
/** Soon at first, then every 250 ms, for 45 s: longer than a takeover or any call made under the lock. */
const retries = { retries: 190, factor: 1.3, minTimeout: 20, maxTimeout: 250, randomize: true }

const acquire = async (file: string): Promise<HeldLock> => {
  let isLost = false
  const onCompromised = (): void => {
    isLost = true
  }
  try {
    const unlock = await lock(file, { realpath: false, stale: staleAfterMs, retries, onCompromised })
    return { isLost: () => isLost, release: () => (isLost ? Promise.resolve() : unlock()) }
  } catch (cause) {
    if (hasCode(cause, 'ELOCKED')) throw locked(file, cause)
    throw notWritten(file, cause)
  }
}

const write = async (file: string, config: Config, held: HeldLock): Promise<void> => {
  if (held.isLost()) throw locked(file, null)
  try {
    await writeFileAtomically(file, `${JSON.stringify(config, null, 2)}\n`)
  } catch (cause) {
    throw notWritten(file, cause)
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const damaged = (file: string, cause: ConfigFormatError): CliError =>
  new CliError(
    'CONFIG_DAMAGED',
    `The config file ${file} is damaged: ${cause.message}.`,
    `Repair it, or move it away (mv ${shellWord(file)} ${shellWord(`${file}.damaged`)}) and sign in again. It may hold the only key to a guest account.`,
    { cause },
  )

const locked = (file: string, cause: unknown): CliError =>
  new CliError(
    'CONFIG_LOCKED',
    `Another idem holds the config file ${file}.`,
    `Run the command again; if no other idem runs, remove the folder ${file}.lock`,
    { cause },
  )

const notWritten = (file: string, cause: unknown): CliError => {
  const said = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new CliError(
    'CONFIG_NOT_WRITTEN',
    `The config file ${file} cannot be written${said}.`,
    'Check the folder and its permissions, or name another file with --config or IDEM_CONFIG.',
    { cause },
  )
}
