// Writes a file that only its owner can read and that did not exist before.

import { type FileHandle, open, rm } from 'node:fs/promises'
import path from 'node:path'
import { CliError } from './cli-error.js'
import { describeFileFault } from './file-fault.js'
import { makeFolder } from './make-folder.js'

/** What the file may hold if it exists, as the end of a sentence. */
export interface NewFile {
  readonly file: string
  readonly text: string
  readonly whyKept: string
}

/** Writes it whole or not at all. `FILE_EXISTS` if there is one, `FILE_NOT_WRITTEN` if it cannot be written. */
export const writeNewFile = async ({ file, text, whyKept }: NewFile): Promise<void> => {
  try {
    await makeFolder(path.dirname(file))
    await fill(await open(file, 'wx', 0o600), file, text)
  } catch (cause) {
    throw describeWriteFailure(file, whyKept, cause)
  }
}

/** Removes the file if writing fails, because half of it looks like all of it. */
const fill = async (handle: FileHandle, file: string, text: string): Promise<void> => {
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

const describeWriteFailure = (file: string, whyKept: string, cause: unknown): CliError => {
  const next = 'Name another file with --out FILE'
  if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')
    return new CliError('FILE_EXISTS', `${file} exists and ${whyKept}.`, next, { cause })
  const message = `${file} cannot be written: ${describeFileFault(cause)}.`
  return new CliError('FILE_NOT_WRITTEN', message, next, { cause })
}
