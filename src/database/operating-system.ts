// What the operating system says: whether a process runs, what a file holds, why a call failed.
import { readFile } from 'node:fs/promises'

/** True when process `pid` exists, also when it belongs to another system user or has ended unreaped. */
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

/** The text of a file, or '' when there is none. */
export const readIfPresent = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return ''
    throw error
  }
}
