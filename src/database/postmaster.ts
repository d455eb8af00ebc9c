// Finds the server process of a data folder with PostgreSQL's lock file (postmaster.pid).
import { readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isProcessAlive, readIfPresent } from './operating-system.js'

/** A running server. */
export interface Postmaster {
  readonly pid: number
  /** Null while it starts. */
  readonly port: number | null
}

/** The running server of the data folder, started by any process; null if none runs. */
export const findPostmaster = async (data: string): Promise<Postmaster | null> => {
  const lines = (await readIfPresent(join(data, 'postmaster.pid'))).split('\n')
  const pid = Number(lines[0])
  // Line 4 is the port (src/include/utils/pidfile.h), which is written a moment after the first lines.
  return pid > 0 && (await isPostmasterOf(pid, data)) ? { pid, port: Number(lines[3]) || null } : null
}

/**
 * Removes the file if its pid belongs to another process or a zombie after a crash, both usual in containers, because
 * PostgreSQL would refuse to start. If a server does run, PostgreSQL still detects it by its shared memory.
 */
export const removeForeignLock = async (data: string): Promise<void> => {
  const lock = join(data, 'postmaster.pid')
  const pid = Number((await readIfPresent(lock)).split('\n')[0])
  if (pid > 0 && isProcessAlive(pid) && !(await isPostmasterOf(pid, data))) await rm(lock, { force: true })
}

/**
 * Whether the process is the server: its working folder is the data folder. If that is unknown, the pid must suffice.
 */
const isPostmasterOf = async (pid: number, data: string): Promise<boolean> => {
  if (!isProcessAlive(pid)) return false
  if (process.platform !== 'linux') return true
  // Unreadable, because the process belongs to another user or is a zombie.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null)
  return folder === (await realpath(data))
}
