// The config file on disk: read as a whole, changed under a lock, replaced atomically.

import { readFile, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { CliError } from './cli-error.js'
import { type Config, ConfigFormatError, emptyConfig } from './config.js'
import { describeFileFault } from './file-fault.js'
import { type FileLock, lockFile } from './file-lock.js'
import { makeFolder } from './make-folder.js'
import { parseConfig } from './parse-config.js'
import { shellWord } from './shell-word.js'
import { writeFileAtomically } from './write-file-atomically.js'

/** A config file that may not exist yet. */
export interface ConfigFile {
  readonly path: string
  /** Its content; the empty config if there is no file. `CONFIG_DAMAGED` if it cannot be parsed. */
  read(): Promise<Config>
  /**
   * Locks the file, reads it, writes the result of `change` and returns it. Writes nothing if `change` throws or
   * returns its argument. A config that `change` passes to `keep` is written at once, so that it survives the end of
   * the process. `CONFIG_LOCKED`, `CONFIG_NOT_WRITTEN`.
   */
  update(change: (config: Config, keep: Keep) => Promise<Config>): Promise<Config>
  /** Throws like `update` if the file cannot be written. For use before a login, whose session would be lost. */
  check(): Promise<void>
}

/** Writes a config before the running change has ended. */
export type Keep = (config: Config) => Promise<void>

/** The config file at `file`. */
export const configFile = (file: string): ConfigFile => ({
  path: file,
  read: () => readConfig(file),
  update: (change) =>
    locked(file, async (target, lock) => {
      let written = await readConfig(target)
      const keep = async (config: Config): Promise<void> => {
        if (config !== written) await write(target, config, lock)
        written = config
      }
      const after = await change(written, keep)
      await keep(after)
      return after
    }),
  check: () =>
    locked(file, async (target, lock) => {
      const config = await readConfig(target)
      await write(target, config, lock)
      if (config === emptyConfig) await rm(target, { force: true }) // the file did not exist before
    }),
})

/** Runs the work with the file that the path leads to, under its lock. */
const locked = async <Result>(
  file: string,
  work: (target: string, lock: FileLock) => Promise<Result>,
): Promise<Result> => {
  const target = await prepare(file)
  const lock = await acquire(target)
  try {
    return await work(target, lock)
  } finally {
    await lock.release()
  }
}

const readConfig = async (file: string): Promise<Config> => {
  try {
    return parseConfig(await readFile(file, 'utf8'))
  } catch (cause) {
    if (cause instanceof ConfigFormatError) throw damaged(file, cause)
    if (hasCode(cause, 'ENOENT')) return emptyConfig
    throw new CliError(
      'CONFIG_DAMAGED',
      `The config file ${file} cannot be read: ${describeFileFault(cause)}.`,
      'Check its permissions.',
      {
        cause,
      },
    )
  }
}

/** The path to write to: symbolic links are followed. Creates the folder, accessible only to its owner. */
const prepare = async (file: string): Promise<string> => {
  try {
    await makeFolder(path.dirname(file))
    return await realpath(file).catch((cause: unknown) => {
      if (hasCode(cause, 'ENOENT')) return file
      throw cause
    })
  } catch (cause) {
    throw notWritten(file, cause)
  }
}

const acquire = async (file: string): Promise<FileLock> => {
  try {
    const lock = await lockFile(file)
    if (lock !== null) return lock
  } catch (cause) {
    throw notWritten(file, cause)
  }
  throw heldByAnother(file)
}

const write = async (file: string, config: Config, lock: FileLock): Promise<void> => {
  if (await lock.isLost()) throw heldByAnother(file)
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

const heldByAnother = (file: string): CliError =>
  new CliError(
    'CONFIG_LOCKED',
    `Another idem holds the config file ${file}.`,
    `Run the command again; if no other idem runs, remove the folder ${file}.lock`,
  )

const notWritten = (file: string, cause: unknown): CliError =>
  new CliError(
    'CONFIG_NOT_WRITTEN',
    `The config file ${file} cannot be written: ${describeFileFault(cause)}.`,
    'Check the folder and its permissions, or name another file with --config or IDEM_CONFIG.',
    { cause },
  )
