// The folder that one running service owns, and the claim (`service.json`) that keeps a second service out.
import { chmod, mkdir, readdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OperatorProblem } from '../failure.js'
import { errorCode, isProcessAlive, readIfPresent } from './operating-system.js'

/** A claimed folder. */
export interface DataDir {
  readonly path: string
  /** Gives the folder free; does nothing when the claim is no longer ours. */
  release(): Promise<void>
}

/** Who claims a folder. */
export interface Claimant {
  /** Where the service answers, without a slash at the end; `GET <url>/healthz` returns its `instanceId`. */
  readonly url: string
  /** Unique to this start of the service. */
  readonly instanceId: string
  readonly now: Date
}

/** What `service.json` says about the service that holds the folder. */
export interface Claim {
  readonly pid: number
  readonly url: string
  readonly instanceId: string
  /** ISO 8601. */
  readonly startedAt: string
}

/** Another service holds the folder; the message says which, where it runs and what to do. */
export class DataDirInUse extends OperatorProblem {
  override readonly name = 'DataDirInUse'
  /** Who holds it, or null where `service.json` cannot be understood. */
  readonly holder: Claim | null

  constructor(path: string, holder: Claim | null) {
    super(
      holder === null
        ? `${join(path, claimName)} cannot be understood. Remove it if no Idem runs in that folder.`
        : `An Idem already runs in ${path}: ${holder.url} (process ${holder.pid}, since ${holder.startedAt}). ` +
            'Stop that one first, or give this one a folder and a port of its own: set IDEM_DATA_DIR and IDEM_PORT.',
    )
    this.holder = holder
  }
}

const claimName = 'service.json'
const recoveryPrefix = 'recovery-of-'

/** A service answers /healthz this soon after its claim, or it never will. */
const startingMs = 60_000

/** A healthy service answers in milliseconds; one that takes this long must not lose its folder for a hiccup. */
const probeTimeoutMs = 5_000

/** 20 pauses are 2 s: ample for another process to write its claim, or to finish a recovery, both of milliseconds. */
const attempts = 20
const pauseMs = 100

/**
 * Creates the folder `path` where it is missing and claims it for this process. A claim that a killed process left
 * behind is recovered. Throws `DataDirInUse` when another service holds the folder.
 */
export const claimDataDir = async (path: string, claimant: Claimant): Promise<DataDir> => {
  await makeDataDir(path)
  const { url, instanceId, now } = claimant
  const claim: Claim = { pid: process.pid, url, instanceId, startedAt: now.toISOString() }
  const file = join(path, claimName)
  let holder: Claim | null = null
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (await createClaim(file, claim)) {
      await removeRecoveries(path)
      return { path, release: () => removeClaim(file, instanceId) }
    }
    holder = await readClaim(file)
    if (holder !== null) {
      if (!(await isStale(holder, now))) break
      if (await winRecovery(path, holder, { claim, now })) {
        await removeClaim(file, holder.instanceId)
        continue
      }
    }
    await setTimeout(pauseMs)
  }
  throw new DataDirInUse(path, holder)
}

/** Makes the folder where it is missing. 711 lets the user that runs PostgreSQL for root pass, and shows nobody a list. */
export const makeDataDir = async (path: string): Promise<void> => {
  const created = await mkdir(path, { recursive: true, mode: 0o711 })
  if (created !== undefined) await chmod(path, 0o711)
}

/** Flushed, so that a power failure leaves no empty claim, which nobody could judge. */
const createClaim = async (file: string, claim: Claim): Promise<boolean> => {
  try {
    await writeFile(file, `${JSON.stringify(claim, null, 2)}\n`, { flag: 'wx', flush: true })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Null when there is no claim or when it is half written. */
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
  const { pid, url, instanceId, startedAt } = value as Partial<Record<keyof Claim, unknown>>
  if (typeof pid !== 'number' || typeof url !== 'string') return null
  if (typeof instanceId !== 'string' || typeof startedAt !== 'string') return null
  return { pid, url, instanceId, startedAt }
}

/**
 * The answer of the service comes first: its pid is unknown here when it runs in another container on the same volume.
 * A pid is given again after its process ended (in a container soon), so an alive pid alone proves nothing either.
 */
const isStale = async (claim: Claim, now: Date): Promise<boolean> => {
  if (await answersAs(claim)) return false
  if (!isProcessAlive(claim.pid)) return true
  const startedAtMs = Date.parse(claim.startedAt)
  const isOlderThanWe = startedAtMs < now.getTime() - process.uptime() * 1000
  if (claim.pid === process.pid && isOlderThanWe) return true
  return startedAtMs < now.getTime() - startingMs
}

const answersAs = async (claim: Claim): Promise<boolean> => {
  try {
    const response = await fetch(`${claim.url}/healthz`, { signal: AbortSignal.timeout(probeTimeoutMs) })
    const health: unknown = await response.json()
    return (
      typeof health === 'object' && health !== null && Reflect.get(health, 'instanceId') === claim.instanceId
    )
  } catch {
    // Not reachable, or not an Idem: either way not the service of this claim.
    return false
  }
}

/**
 * Wins, for one process only, the right to remove the claim `stale`. A plain remove could hit the fresh claim of
 * another process that recovered first. So the right is a file of its own, named after the stale claim and created
 * exclusively: who holds it is the only one who may remove that claim. The right of a process that was killed while
 * holding it is stale too, and won in the same way.
 */
const winRecovery = async (
  path: string,
  stale: Claim,
  { claim, now }: { claim: Claim; now: Date },
): Promise<boolean> => {
  const file = join(path, `${recoveryPrefix}${encodeURIComponent(stale.instanceId)}.json`)
  if (await createClaim(file, claim)) return true
  const rival = await readClaim(file)
  return rival !== null && (await isStale(rival, now)) && winRecovery(path, rival, { claim, now })
}

/** Only the holder of the folder calls this: its claim is fresh, so no right over an older claim matters any more. */
const removeRecoveries = async (path: string): Promise<void> => {
  const names = (await readdir(path)).filter((name) => name.startsWith(recoveryPrefix))
  await Promise.all(names.map((name) => removeFile(join(path, name))))
}

const removeClaim = async (file: string, instanceId: string): Promise<void> => {
  const claim = await readClaim(file)
  if (claim?.instanceId === instanceId) await removeFile(file)
}

const removeFile = async (file: string): Promise<void> => {
  try {
    await unlink(file)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
