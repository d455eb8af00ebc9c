// The folder that one running service owns: a lock that its holder refreshes, and a file that names the holder.
import { access, chmod, constants, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { check, lock } from 'proper-lockfile'
import { OperatorProblem } from '../failure.js'
import { errorCode, readIfPresent } from './operating-system.js'
import { birthOf, thisMachine } from './process-birth.js'

/** A claimed folder. */
export interface DataDir {
  readonly path: string
  /** Releases the folder; does nothing once another service has taken it over. */
  release(): Promise<void>
}

/** Who claims a folder. */
export interface Claimant {
  /** The address of the service, for messages of others that find the folder in use. */
  readonly url: string
  /** Unique to this start of the service. */
  readonly instanceId: string
  readonly now: Date
  /** Called when another service has taken over the folder, for example after this machine slept for 10 s. */
  readonly onLost: () => void
}

/** The content of `service.json`: the service that holds the folder. */
export interface Claim {
  readonly pid: number
  /** The start time of that process, as its operating system writes it; null if unknown. */
  readonly born: string | null
  /** The machine or container in which the pid is valid. */
  readonly machine: string
  readonly url: string
  readonly instanceId: string
  /** ISO 8601. */
  readonly startedAt: string
}

/** Another service holds the folder; the message says which one, where it runs and what to do. */
export class DataDirInUse extends OperatorProblem {
  override readonly name = 'DataDirInUse'

  constructor(
    path: string,
    /** The holder; null while it is starting or stopping. */
    readonly holder: Claim | null,
    /** True if the holder does not refresh its lock. */
    isSilent: boolean,
  ) {
    super(
      holder === null
        ? `An Idem is just starting or stopping in ${path}. Try again in a moment.`
        : `An Idem already runs in ${path}: ${holder.url} (process ${holder.pid}, since ${holder.startedAt}). ${
            isSilent
              ? `It does not answer, because it was stopped or it hangs. Let it go on (kill -CONT ${holder.pid}) or end it (kill -KILL ${holder.pid}).`
              : 'Stop that one first, or give this one a folder and a port of its own: set IDEM_DATA_DIR and IDEM_PORT.'
          }`,
      { kind: 'passing' },
    )
  }
}

const claimName = 'service.json'
/** The lock for claiming, which one process at a time does. */
const claimingName = 'claiming'

/**
 * A holder that has not refreshed its lock for 10 s counts as gone, unless its process is known to run. It refreshes
 * four times in that period, so that a busy machine or a slow disk does not make it look gone.
 */
const [staleMs, freshenMs] = [10_000, 2_500]

/** Claiming takes milliseconds. If a process was killed while it claimed, others wait until its lock is stale. */
const claimingRetries = { retries: 150, factor: 1.5, minTimeout: 10, maxTimeout: 100 }

/**
 * Creates the folder `path` if it is missing, and claims it for this process. The claim of a process that has ended in
 * any way is replaced at once. Throws `DataDirInUse` if another service holds the folder.
 */
export const claimDataDir = async (path: string, claimant: Claimant): Promise<DataDir> => {
  await makeDataDir(path)
  // At once, because `lock` repeats what may not be written as long as what is locked.
  await access(path, constants.W_OK)
  const leave = await lock(join(path, claimingName), {
    realpath: false,
    stale: staleMs,
    retries: claimingRetries,
    onCompromised: () => undefined,
  }).catch((error: unknown) => {
    throw errorCode(error) === 'ELOCKED' ? new DataDirInUse(path, null, false) : error
  })
  try {
    await clearAway(path)
    return await hold(path, claimant)
  } finally {
    await leave().catch(ignoreRemoved)
  }
}

/**
 * Creates the folder if it is missing. With mode 711 the user that runs PostgreSQL for root can pass through it, and
 * other users cannot list it.
 */
export const makeDataDir = async (path: string): Promise<void> => {
  if (await makeFolder(path)) await chmod(path, 0o711)
}

/** Whether it made the folder. Node's recursive `mkdir` never ends where a folder exists and takes no other (/proc). */
const makeFolder = async (path: string): Promise<boolean> => {
  try {
    await mkdir(path, { mode: 0o711 })
    return true
  } catch (error) {
    const parent = dirname(path)
    if (errorCode(error) === 'EEXIST' && (await isFolder(path))) return false
    if (errorCode(error) !== 'ENOENT' || parent === path || (await isFolder(parent))) throw error
    await makeFolder(parent)
    return await makeFolder(path)
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** Removes the lock of a holder that is gone; throws `DataDirInUse` for a holder that still exists. */
const clearAway = async (path: string): Promise<void> => {
  const file = join(path, claimName)
  const holder = await readClaim(file)
  const isFresh = await check(file, { realpath: false, stale: staleMs })
  if (holder === null ? isFresh : await isThere(holder, isFresh))
    throw new DataDirInUse(path, holder, !isFresh)
  await rm(`${file}.lock`, { recursive: true, force: true })
}

/**
 * True if the holder still exists. Its process decides if this machine can check it, because it may be stopped, or have
 * been killed a moment ago. Otherwise, as for another container on the same volume, the lock decides.
 */
const isThere = async (holder: Claim, isFresh: boolean): Promise<boolean> => {
  if (holder.machine !== (await thisMachine())) return isFresh
  const birth = await birthOf(holder.pid)
  if (birth.kind === 'unknown' || holder.born === null) return isFresh
  return birth.kind === 'started' && birth.at === holder.born
}

/** Writes the claim before it locks, so that a lock without a claim is one that is being released. */
const hold = async (path: string, { url, instanceId, now, onLost }: Claimant): Promise<DataDir> => {
  const file = join(path, claimName)
  const birth = await birthOf(process.pid)
  const claim: Claim = {
    pid: process.pid,
    born: birth.kind === 'started' ? birth.at : null,
    machine: await thisMachine(),
    url,
    instanceId,
    startedAt: now.toISOString(),
  }
  await writeClaim(file, claim)
  let isLost = false
  const onCompromised = (): void => {
    isLost = true
    onLost()
  }
  const unlock = await lock(file, { realpath: false, stale: staleMs, update: freshenMs, onCompromised })
  const release = async (): Promise<void> => {
    const holder = await readClaim(file)
    if (isLost || (holder !== null && holder.instanceId !== instanceId)) return
    await rm(file, { force: true })
    await unlock().catch(ignoreRemoved)
  }
  return { path, release }
}

/**
 * Renames a complete file, so that readers never see a partial one, and a power failure does not leave an empty one.
 */
const writeClaim = async (file: string, claim: Claim): Promise<void> => {
  const unfinished = `${file}.unfinished`
  await writeFile(unfinished, `${JSON.stringify(claim, null, 2)}\n`, { flush: true })
  await rename(unfinished, file)
}

/** Null if there is no claim, or its format is not ours. */
const readClaim = async (file: string): Promise<Claim | null> => {
  try {
    return parseClaim(JSON.parse(await readIfPresent(file)))
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

const parseClaim = (value: unknown): Claim | null => {
  if (typeof value !== 'object' || value === null) return null
  const {
    pid,
    born = null,
    machine = '',
    url,
    instanceId,
    startedAt,
  } = value as Partial<Record<keyof Claim, unknown>>
  if (typeof pid !== 'number' || typeof machine !== 'string' || typeof url !== 'string') return null
  if (typeof instanceId !== 'string' || typeof startedAt !== 'string') return null
  return { pid, born: typeof born === 'string' ? born : null, machine, url, instanceId, startedAt }
}

/** Ignores that the lock was already removed. */
const ignoreRemoved = (error: unknown): void => {
  if (errorCode(error) !== 'ERELEASED' && errorCode(error) !== 'ENOTACQUIRED') throw error
}
