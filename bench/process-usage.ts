// Processor time and memory of a process, as reported by the system. Null if there is no /proc.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Linux reports processor time in hundredths of a second (USER_HZ). */
const ticksPerSecond = 100

const readProc = (path: string): string | null => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    // The process has ended, or this system has no /proc.
    return null
  }
}

/** Of proc(5) `stat`: utime and stime of the process, cutime and cstime of its ended children. In seconds. */
const times = (pid: number): { readonly own: number; readonly ended: number } | null => {
  const stat = readProc(`${pid}/stat`)
  if (stat === null) return null
  // The name in parentheses may contain spaces; the field after it is the third one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number)
  return { own: (user + system) / ticksPerSecond, ended: (endedUser + endedSystem) / ticksPerSecond }
}

/** Processor time of one process so far, in seconds. */
export const cpuSeconds = (pid: number): number | null => times(pid)?.own ?? null

/** Processor time of a process and its children, in seconds; PostgreSQL has one process per connection. */
export const familyCpuSeconds = (pid: number): number | null => {
  const parent = times(pid)
  const children = readProc(`${pid}/task/${pid}/children`)
  if (parent === null || children === null) return null
  const pids = children.split(' ').filter((entry) => entry !== '')
  return pids.reduce((sum, child) => sum + (times(Number(child))?.own ?? 0), parent.own + parent.ended)
}

const bytesPerKib = 1024

/** A process's resident memory just now, in bytes; null where there is no /proc. */
export const memoryBytes = (pid: number): number | null => {
  const now = /^VmRSS:\s*(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
  return now === undefined ? null : Number(now) * bytesPerKib
}

/** The peak of a process's resident memory in bytes; with only `ps`, the current value. */
export const peakMemoryBytes = (pid: number): number | null => {
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
  if (peak !== undefined) return Number(peak) * bytesPerKib
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * bytesPerKib
  } catch {
    return null
  }
}
