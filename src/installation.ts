// The installation that a process works on: its settings, its secret, its database; embedded where none is configured.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readEnvironment, unknownVariables } from './config/read-environment.js'
import { claimDataDir, type DataDir, DataDirInUse } from './database/data-dir.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './database/embedded-postgres.js'
import { systemClock } from './runtime/clock.js'
import { createLogger } from './runtime/logger.js'
import { systemRandom } from './runtime/random.js'
import { RequestScope } from './runtime/request-scope.js'
import type { ServiceOptions } from './service.js'
import { clientVariables, type Settings, settingsSections } from './settings.js'
import { Secret } from './tokens/secret.js'

/** An opened installation; `close` it last. */
export interface Installation extends ServiceOptions {
  close(): Promise<void>
}

/** Whether the process is the one that serves from the data folder, or a command that may run beside it. */
export type InstallationUse = 'serve' | 'command'

/** 256 bits. In bytes. */
const secretLength = 32

/** The development secret: made once, kept beside the embedded database, readable by its owner alone. */
const developmentSecret = async (dataDir: string): Promise<Secret> => {
  const path = join(dataDir, 'secret')
  await mkdir(dataDir, { recursive: true, mode: 0o711 })
  try {
    // Whoever is first makes it, and everybody reads what is there then.
    await writeFile(path, systemRandom.bytes(secretLength).toString('hex'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  return new Secret((await readFile(path, 'utf8')).trim())
}

/** A claim of the data folder, or null for a command beside a running service. */
const claim = async (
  dataDir: string,
  use: InstallationUse,
  facts: { url: string; instanceId: string },
): Promise<DataDir | null> => {
  try {
    return await claimDataDir(dataDir, { ...facts, now: systemClock.now() })
  } catch (error) {
    if (use === 'command' && error instanceof DataDirInUse) return null
    throw error
  }
}

interface OpenedDatabase {
  readonly url: string
  readonly recover: () => Promise<void>
  readonly close: () => Promise<void>
}

const openDatabase = async (
  settings: Settings,
  use: InstallationUse,
  facts: Pick<ServiceOptions, 'logger' | 'instanceId'> & { readonly ownUrl: string },
): Promise<OpenedDatabase> => {
  const configured = settings.database.url
  if (configured !== null)
    return { url: configured, recover: async () => undefined, close: async () => undefined }
  const dataDir = resolve(settings.database.dataDir)
  const claimed = await claim(dataDir, use, { url: facts.ownUrl, instanceId: facts.instanceId })
  let embedded: EmbeddedPostgres
  try {
    const directory = join(dataDir, 'postgres')
    embedded = await startEmbeddedPostgres({ directory, log: facts.logger, random: systemRandom })
  } catch (error) {
    await claimed?.release()
    throw error
  }
  return {
    url: embedded.connectionString,
    recover: () => embedded.ensureRunning(),
    close: async () => {
      // Without a claim the database belongs to the service that runs from this folder.
      if (claimed === null) return
      await embedded.stop()
      await claimed.release()
    },
  }
}

/** Opens what the environment describes. Throws with every problem of the settings at once. */
export const openInstallation = async (use: InstallationUse): Promise<Installation> => {
  const settings = readEnvironment(settingsSections, process.env)
  const requestScope = new RequestScope()
  const logger = createLogger({ level: settings.runtime.logLevel, requestScope })
  for (const name of unknownVariables(settingsSections, process.env, clientVariables))
    logger.warn({ variable: name }, 'no such setting: most likely a slip of the pen')
  const instanceId = systemRandom.uuid()
  const ownUrl = `http://localhost:${settings.http.port}`
  const database = await openDatabase(settings, use, { logger, instanceId, ownUrl })
  const secrets =
    settings.tokens.secrets.length > 0
      ? settings.tokens.secrets
      : [await developmentSecret(resolve(settings.database.dataDir))]
  return {
    settings,
    secrets,
    databaseUrl: database.url,
    publicUrl: settings.http.publicUrl ?? ownUrl,
    instanceId,
    clock: systemClock,
    random: systemRandom,
    logger,
    requestScope,
    recoverDatabase: database.recover,
    close: database.close,
  }
}
