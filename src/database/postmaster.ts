// The server process on a data folder, as PostgreSQL's lock file (postmaster.pid) tells of it.
import { readlink, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isProcessAlive, readIfPresent } from './operating-system.js'

/** A running server. */
export interface Postmaster {
  readonly pid: number
  /** Null while it starts. */
  readonly port: number | null
}

/** The server that runs on the data folder, whoever started it; null when none does. */
export const findPostmaster = async (data: string): Promise<Postmaster | null> => {
  const lines = (await readIfPresent(join(data, 'postmaster.pid'))).split('\n')
  const pid = Number(lines[0])
  // Line 4 is the port (src/include/utils/pidfile.h); it follows the first lines a moment later.
  return pid > 0 && (await isPostmasterOf(pid, data)) ? { pid, port: Number(lines[3]) || null } : null
}

/**
 * After a crash the recorded pid may belong to another process by now, or to a server that ended unreaped (both usual
 * in containers). PostgreSQL would refuse to start for such a file, so it goes. A server that did run would still be
 * found by PostgreSQL through its shared memory.
 */
export const removeForeignLock = async (data: string): Promise<void> => {
  const lock = join(data, 'postmaster.pid')
  const pid = Number((await readIfPresent(lock)).split('\n')[0])
  if (pid > 0 && isProcessAlive(pid) && !(await isPostmasterOf(pid, data))) await rm(lock, { force: true })
}

/** A server's working folder is its data folder; where the system does not tell that, its pid must do. */
const isPostmasterOf = async (pid: number, data: string): Promise<boolean> => {
  if (!isProcessAlive(pid)) return false
  if (process.platform !== 'linux') return true
  // Unreadable: it belongs to somebody else, or has ended and is not reaped yet.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => null)
  return folder === (await realpath(data))
}
