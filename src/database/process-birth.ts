// Tells one process from another that was given the same number: by when it started, and on which machine.
import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'
import { errorCode, readIfPresent } from './operating-system.js'

/** When a process started, in the operating system's words; `unknown` where it does not say. */
export type ProcessBirth =
  | { readonly kind: 'started'; readonly at: string }
  | { readonly kind: 'ended' | 'unknown' }

const ended: ProcessBirth = { kind: 'ended' }

/**
 * When the process `pid` of this machine started. One that is stopped (SIGSTOP, Ctrl-Z) still runs; a zombie, which is
 * killed and not yet forgotten by its parent, has ended.
 */
export const birthOf = async (pid: number): Promise<ProcessBirth> =>
  process.platform === 'linux' ? await birthByProc(pid) : await birthByPs(pid)

/** proc(5): behind the name, which is in brackets and may hold anything, the state is field 3 and the start field 22. */
const birthByProc = async (pid: number): Promise<ProcessBirth> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch((error: unknown) => {
    // The second: it ended while we read.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return ''
    throw error
  })
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', at] = [fields[0], fields[19]]
  return at === undefined || state === 'Z' || state === 'X' ? ended : { kind: 'started', at }
}

/** Where there is no /proc: macOS and the BSDs. Windows has no `ps` either. */
const birthByPs = async (pid: number): Promise<ProcessBirth> => {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)])
    const [state = '', ...at] = stdout.trim().split(/\s+/)
    return at.length === 0 || state.startsWith('Z') ? ended : { kind: 'started', at: at.join(' ') }
  } catch (error) {
    // It ends with 1 where there is no such process, and cannot be run where there is no `ps`.
    return errorCode(error) === 'ENOENT' ? { kind: 'unknown' } : ended
  }
}

/** Names the machine, and of containers the container, in which the numbers of processes mean what they mean here. */
export const thisMachine = async (): Promise<string> => {
  const boot = (await readIfPresent('/proc/sys/kernel/random/boot_id')).trim()
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), boot, namespace].filter((part) => part !== '').join(' ')
}
