// Queries of the operating system: whether a process runs, the content of a file, the code of an error.
import { readFile } from 'node:fs/promises'

/** True if process `pid` exists, also if it belongs to another system user or is a zombie. */
export const isProcessAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** The code of a system error or of a PostgreSQL error (`ENOENT`, `3D000`), or null for any other error. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null

/** The text of a file; '' if there is none. */
export const readIfPresent = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}
