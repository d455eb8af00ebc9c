// Paths that a user gives, which may be relative to the working folder.

import path from 'node:path'
import { CliError } from './cli-error.js'

/** The absolute path of a file. `USAGE` for a relative one if the working folder was removed. */
export const absolutePath = (file: string): string => {
  try {
    return path.resolve(file)
  } catch (cause) {
    throw new CliError(
      'USAGE',
      `${file} is relative to a folder that does not exist any more.`,
      'Go to another folder, or give an absolute path.',
      { cause },
    )
  }
}
