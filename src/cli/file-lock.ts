// The lock of a file: one holder at a time among all processes of this user, and a dead one keeps nobody waiting.

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock that is held. */
export interface FileLock {
  /** Whether another process has taken it over, after this one was asleep for long. */
  readonly isLost: () => Promise<boolean>
  /** Lets the next one in. Never fails: what cannot be removed is taken over once this process has ended. */
  readonly release: () => Promise<void>
}

/** How long is waited. In milliseconds. */
export interface Patience {
  /** For the lock: longer than a takeover and any call made under it. */
  readonly mostMs: number
  /** For a sign of life of a holder whose process cannot be asked, or is stopped. */
  readonly silenceMs: number
}

const usualPatience: Patience = { mostMs: 45_000, silenceMs: 10_000 }
/** A holder shows so often that it lives. In milliseconds. */
const beatMs = 2_000
/** Between two tries. In milliseconds. */
const [shortestPauseMs, longestPauseMs] = [10, 100]

/**
 * Locks `file` by the folder beside it, `<file>.lock`. It is held while it has an entry, the holder's claim, which names
 * its process. A claim comes into place together with the folder, by one renaming, which fails where there is a claim
 * already. Only that very claim is removed when its process is dead, so two that take over at once cannot remove each
 * other's. Null when the patience has run out; errors of the file system as they are.
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

/** What systems answer when the folder stands there with a claim in it; Windows also when it is empty. */
const isTaken: ReadonlySet<unknown> = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES', 'EBUSY'])

const renamed = async (from: string, to: string): Promise<boolean> => {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isTaken.has(codeOf(error)) && (await exists(to))) return false
    throw error
  }
}

const hold = async (folder: string, claim: string): Promise<FileLock> => {
  const own = path.join(folder, claim)
  const beat = setInterval(() => {
    const now = new Date()
    utimes(own, now, now).catch(() => undefined) // it is lost, which is found out before anything is written
  }, beatMs).unref()
  await removeLitter(folder)
  return {
    isLost: async () => !(await exists(own)),
    release: async () => {
      clearInterval(beat)
      await rm(own, { force: true }).catch(() => undefined)
      await rmdir(folder).catch(() => undefined) // the next one may be in already
    },
  }
}

/** Removes the claims of the dead; whether there was any. */
const dismissAbandoned = async (folder: string, watch: Watch): Promise<boolean> => {
  let wasAny = false
  for (const claim of await namesIn(folder)) {
    if (!(await isDead(claim)) && !(await watch.isSilent(path.join(folder, claim)))) continue
    await rm(path.join(folder, claim), { recursive: true, force: true })
    wasAny = true
  }
  if (wasAny) await rmdir(folder).catch(() => undefined) // only an empty one goes
  return wasAny
}

/** What processes left beside the lock that were killed while they waited for it. */
const removeLitter = async (folder: string): Promise<void> => {
  const [parent, prefix] = [path.dirname(folder), `${path.basename(folder)}.`]
  for (const name of await namesIn(parent)) {
    if (name.startsWith(prefix) && (await isDead(name.slice(prefix.length))))
      await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Watches claims for a sign of life, by the monotonic clock: clocks of day may differ or be set. */
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

/** The state of a process, and when it began, in ticks since the system's start (proc(5)). */
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

/** The system on which process ids mean what they mean here: its name and, in containers, its process namespace. */
const thisSystem = createHash('sha256')
  .update(hostname() + readOr(() => readlinkSync('/proc/self/ns/pid'), ''))
  .digest('hex')
  .slice(0, 16)
/** Empty where it cannot be told. */
const thisStart = readOr(() => parseStat(readFileSync('/proc/self/stat', 'utf8')).start, '')
const thisProcess = `${thisSystem}.${process.pid}.${thisStart}`

/** Whether a claim's process has ended, also when its id has gone to another one since. Not of other systems. */
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
    return [] // gone meanwhile
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
