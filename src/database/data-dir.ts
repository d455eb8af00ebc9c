// The folder that one running service owns: a lock that its holder keeps fresh, and a file that says who holds it.
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
  /** Where the service answers, for whoever finds the folder held. */
  readonly url: string
  /** Unique to this start of the service. */
  readonly instanceId: string
  readonly now: Date
  /** Called when another service has taken the folder over, which can happen after a sleep of 10 s elsewhere. */
  readonly onLost: () => void
}

/** What `service.json` says about the service that holds the folder. */
export interface Claim {
  readonly pid: number
  /** When that process started, in the words of its machine; null where that is unknown. */
  readonly born: string | null
  /** Where its pid has a meaning. */
  readonly machine: string
  readonly url: string
  readonly instanceId: string
  /** ISO 8601. */
  readonly startedAt: string
}

/** Another service holds the folder; the message says which, where it runs and what to do. */
export class DataDirInUse extends OperatorProblem {
  override readonly name = 'DataDirInUse'

  constructor(
    path: string,
    /** Who holds it, or null while that one is just starting or stopping. */
    readonly holder: Claim | null,
    /** True for one that does not keep its lock fresh. */
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
    )
  }
}

const claimName = 'service.json'
/** The lock of those who are about to claim the folder, one at a time. */
const claimingName = 'claiming'

/**
 * A holder that has not refreshed its lock for 10 s is gone, unless its process is known to be there. It does so four
 * times in that span, so neither a busy machine nor a slow disk makes it look gone.
 */
const [staleMs, freshenMs] = [10_000, 2_500]

/** Claiming takes milliseconds; one that was killed meanwhile is waited for until its lock is stale. */
const claimingRetries = { retries: 150, factor: 1.5, minTimeout: 10, maxTimeout: 100 }

/**
 * Creates the folder `path` if it is missing and claims it for this process. The claim of a process that has ended,
 * however it did, is taken over at once. Throws `DataDirInUse` if another service holds the folder.
 */
export const claimDataDir = async (path: string, claimant: Claimant): Promise<DataDir> => {
  await makeDataDir(path)
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

/** Makes the folder if it is missing. Mode 711 lets the user that runs PostgreSQL for root pass, and lists it to nobody. */
export const makeDataDir = async (path: string): Promise<void> => {
  const created = await mkdir(path, { recursive: true, mode: 0o711 })
  if (created !== undefined) await chmod(path, 0o711)
}

/** Removes the lock of a holder that is gone; throws `DataDirInUse` for one that is there. */
const clearAway = async (path: string): Promise<void> => {
  const file = join(path, claimName)
  const holder = await readClaim(file)
  const isFresh = await check(file, { realpath: false, stale: staleMs })
  if (holder === null ? isFresh : await isThere(holder, isFresh))
    throw new DataDirInUse(path, holder, !isFresh)
  await rm(`${file}.lock`, { recursive: true, force: true })
}

/**
 * Where the holder's process can be looked at, that decides: it may be stopped, and it may have been killed a moment
 * ago. Elsewhere, as in another container on the same volume, its lock does.
 */
const isThere = async (holder: Claim, isFresh: boolean): Promise<boolean> => {
  if (holder.machine !== (await thisMachine())) return isFresh
  const birth = await birthOf(holder.pid)
  if (birth.kind === 'unknown' || holder.born === null) return isFresh
  return birth.kind === 'started' && birth.at === holder.born
}

/** The claim is written before the lock is taken, so a lock without a claim is one that is being released. */
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

/** Renamed into its place, so that it is never seen half written, nor left empty by a power failure. */
const writeClaim = async (file: string, claim: Claim): Promise<void> => {
  const unfinished = `${file}.unfinished`
  await writeFile(unfinished, `${JSON.stringify(claim, null, 2)}\n`, { flush: true })
  await rename(unfinished, file)
}

/** Null when there is no claim, or none of ours. */
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

/** A lock that somebody has removed needs no release. */
const ignoreRemoved = (error: unknown): void => {
  if (errorCode(error) !== 'ERELEASED' && errorCode(error) !== 'ENOTACQUIRED') throw error
}
