// The lock of a file: one holder at a time among the processes of this user. The lock of an ended process is taken over
// at once.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock that is held. */
export interface FileLock {
  /** True if another process has taken it over, because this one did not run for a long time. */
  readonly isLost: () => Promise<boolean>
  /** Releases the lock. Never throws: a claim that cannot be removed is taken over once this process has ended. */
  readonly release: () => Promise<void>
}

/** The time limits, in milliseconds. */
export interface Patience {
  /** For the lock: longer than a takeover and any call that is made under it. */
  readonly mostMs: number
  /** For a holder that does not refresh its claim, if its process cannot be checked or is stopped. */
  readonly silenceMs: number
}

const usualPatience: Patience = { mostMs: 45_000, silenceMs: 10_000 }
/** Interval at which a holder refreshes its claim, in milliseconds. */
const beatMs = 2_000
/** Wait between two attempts, in milliseconds. */
const [shortestPauseMs, longestPauseMs] = [10, 100]

/**
 * Locks `file` by the folder `<file>.lock`. The lock is held while the folder has an entry, the holder's claim, which
 * names its process. The folder and its claim are made elsewhere and renamed into place in one step, which fails if
 * there is a claim already. A takeover removes only the claim that it has checked, so that two concurrent takeovers
 * cannot remove each other's claims. Null after the time limit; throws errors of the file system unchanged.
 */
export const lockFile = async (
  file: string,
  patience: Patience = usualPatience,
): Promise<FileLock | null> => {
  const folder = `${file}.lock`
  const claim = `${thisProcess}.${randomBytes(8).toString('hex')}`
  const prepared = `${folder}.${claim}`
  await mkdir(prepared, { mode: 0o700 })
  try {
    await writeFile(path.join(prepared, claim), '', { mode: 0o600 })
    return (await takePlace(prepared, folder, patience)) ? await hold(folder, claim) : null
  } finally {
    await rm(prepared, { recursive: true, force: true })
  }
}

const takePlace = async (prepared: string, folder: string, patience: Patience): Promise<boolean> => {
  const watch = new Watch(patience.silenceMs)
  const start = performance.now()
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    if (await renamed(prepared, folder)) return true
    if (await dismissAbandoned(folder, watch)) continue
    if (performance.now() - start > patience.mostMs) return false
    await sleep(pauseMs * (0.5 + Math.random()))
  }
}

/** The error codes if the folder has a claim, also if it was released a moment later. */
const isTaken: ReadonlySet<unknown> = new Set(['ENOTEMPTY', 'EEXIST'])
/** The error codes on Windows if the folder exists; without it they say that the file system refuses. */
const isPerhapsTaken: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY'])

const renamed = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (isTaken.has(code) || (isPerhapsTaken.has(code) && (await exists(to)))) return false
    throw error
  }
}

const hold = async (folder: string, claim: string): Promise<FileLock> => {
  const own = path.join(folder, claim)
  const beat = setInterval(() => {
    const now = new Date()
    utimes(own, now, now).catch(() => undefined) // the lock is lost; `isLost` is asked before each write
  }, beatMs).unref()
  await removeLitter(folder)
  return {
    isLost: async () => !(await exists(own)),
    release: async () => {
      clearInterval(beat)
      await rm(own, { force: true }).catch(() => undefined)
      await rmdir(folder).catch(() => undefined) // fails if the next holder has the folder already
    },
  }
}

/** Removes claims of ended processes and claims that are not refreshed; true if there was one. */
const dismissAbandoned = async (folder: string, watch: Watch): Promise<boolean> => {
  let wasAny = false
  for (const claim of await namesIn(folder)) {
    if (!(await isDead(claim)) && !(await watch.isSilent(path.join(folder, claim)))) continue
    await rm(path.join(folder, claim), { recursive: true, force: true })
    wasAny = true
  }
  if (wasAny) await rmdir(folder).catch(() => undefined) // fails unless the folder is empty
  return wasAny
}

/** Removes the folders that processes prepared before they were killed while they waited for the lock. */
const removeLitter = async (folder: string): Promise<void> => {
  const [parent, prefix] = [path.dirname(folder), `${path.basename(folder)}.`]
  for (const name of await namesIn(parent)) {
    if (name.startsWith(prefix) && (await isDead(name.slice(prefix.length))))
      await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Checks whether a claim is refreshed, by the monotonic clock, because system clocks may differ or be changed. */
class Watch {
  #claim = ''
  #touchedMs = 0
  #since = 0

  constructor(private readonly silenceMs: number) {}

  async isSilent(claim: string): Promise<boolean> {
    const touchedMs = await stat(claim).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
    if (claim !== this.#claim || touchedMs !== this.#touchedMs) {
      this.#claim = claim
      this.#touchedMs = touchedMs
      this.#since = performance.now()
    }
    return performance.now() - this.#since >= this.silenceMs
  }
}

/** The state of a process, and its start time in ticks since the start of the system (proc(5)). */
const parseStat = (text: string): { readonly state: string; readonly start: string } => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', start: fields[19] ?? '' }
}

const readOr = <Value>(read: () => Value, otherwise: Value): Value => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Identifies the system in which process ids are valid: its name and, for containers, its process namespace. */
const thisSystem = createHash('sha256')
  .update(hostname() + readOr(() => readlinkSync('/proc/self/ns/pid'), ''))
  .digest('hex')
  .slice(0, 16)
/** Empty if it is unknown. */
const thisStart = readOr(() => parseStat(readFileSync('/proc/self/stat', 'utf8')).start, '')
const thisProcess = `${thisSystem}.${process.pid}.${thisStart}`

/** True if the process of a claim has ended, also if its id was reused. False for processes of other systems. */
const isDead = async (claim: string): Promise<boolean> => {
  const [system, pid = '', start] = claim.split('.')
  if (system !== thisSystem || !/^[1-9]\d*$/.test(pid)) return false
  try {
    process.kill(Number(pid), 0)
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
  const found = await readFile(`/proc/${pid}/stat`, 'utf8').then(parseStat, () => null)
  return found !== null && (found.start !== start || found.state === 'Z')
}

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder)
  } catch {
    return [] // it was removed meanwhile
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
