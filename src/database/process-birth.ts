// Distinguishes processes that had the same pid, by their start time and machine.
import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import { errorCode, readIfPresent } from './operating-system.js'

/** The start time of a process, as the operating system writes it; `unknown` if it is not available. */
export type ProcessBirth =
  | { readonly kind: 'started'; readonly at: string }
  | { readonly kind: 'ended' | 'unknown' }

const ended: ProcessBirth = { kind: 'ended' }

/**
 * The start time of process `pid` of this machine. A stopped process (SIGSTOP, Ctrl-Z) still runs; a zombie, which has
 * ended and was not yet reaped by its parent, does not.
 */
export const birthOf = async (pid: number): Promise<ProcessBirth> =>
  process.platform === 'linux' ? await birthByProc(pid) : await birthByPs(pid)

/**
 * proc(5): after the name, which is in brackets and may contain any character, the state is field 3 and the start time
 * field 22.
 */
const birthByProc = async (pid: number): Promise<ProcessBirth> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: unknown) => {
    // The second code: the process ended during the read.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return ''
    throw error
  })
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', at] = [fields[0], fields[19]]
  return at === undefined || state === 'Z' || state === 'X' ? ended : { kind: 'started', at }
}

/** For systems without /proc: macOS and the BSDs. Windows has no `ps` either. */
const birthByPs = async (pid: number): Promise<ProcessBirth> => {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)])
    const [state = '', ...at] = stdout.trim().split(/\s+/)
    return at.length === 0 || state.startsWith('Z') ? ended : { kind: 'started', at: at.join(' ') }
  } catch (error) {
    // `ps` exits with 1 if there is no such process, and cannot be run if it is not installed.
    return errorCode(error) === 'ENOENT' ? { kind: 'unknown' } : ended
  }
}

/** Identifies the machine, or the container, in which pids are valid. */
export const thisMachine = async (): Promise<string> => {
  const boot = (await readIfPresent('/proc/sys/kernel/random/boot_id')).trim()
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), boot, namespace].filter((part) => part !== '').join(' ')
}
