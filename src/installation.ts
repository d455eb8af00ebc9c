// Opens the installation of a process: settings, secrets and database, which is embedded if none is configured.
import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join, resolve } from 'node:path'
import { readEnvironment, unknownVariables } from './config/read-environment.js'
import { withSchema } from './database/address.js'
import { attachEmbeddedPostgres } from './database/attach-embedded-postgres.js'
import { claimDataDir, type DataDir, DataDirInUse, makeDataDir } from './database/data-dir.js'
import { startEmbeddedPostgres } from './database/embedded-postgres.js'
import { folderProblemOf } from './database/folder-problem.js'
import { errorCode } from './database/operating-system.js'
import { settleTls } from './database/settle-tls.js'
import { OperatorProblem } from './failure.js'
import type { ServiceOptions } from './foundation.js'
import { methodDefinitions } from './methods/registry.js'
import { isReplacedLine } from './queue/library-lines.js'
import { adoptConsole } from './runtime/adopt-console.js'
import { adoptProcess } from './runtime/adopt-process.js'
import { systemClock } from './runtime/clock.js'
import { createLogger, type Logger } from './runtime/logger.js'
import { systemRandom } from './runtime/random.js'
import { RequestScope } from './runtime/request-scope.js'
import type { Traces } from './runtime/traces.js'
import { tracesWanted } from './runtime/traces-wanted.js'
import { clientVariables, type Settings, settingsSections } from './settings.js'
import { Secret } from './tokens/secret.js'

/** An opened installation. Close it after everything else. */
export interface Installation extends ServiceOptions {
  close(): Promise<void>
}

/** Whether the process serves from the data folder, or is a command that may run beside the one that does. */
export type InstallationUse = 'serve' | 'command'

/** Length of the development secret in bytes: 256 bits. */
const secretLength = 32

/**
 * The development secret: made once, stored beside the embedded database, readable only by its owner. Throws
 * `OperatorProblem` if the file has any other content, because anybody could decrypt what an empty secret encrypts.
 */
const developmentSecret = async (dataDir: string): Promise<Secret> => {
  const path = join(dataDir, 'secret')
  await makeDataDir(dataDir)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return makeSecret(path)
    throw error
  })
  const secret = text.trim()
  if (!/^[0-9a-f]{64}$/.test(secret))
    throw new OperatorProblem(
      `${path} does not hold the 64 hexadecimal digits that Idem once wrote there. Put the right file back, ` +
        'or set IDEM_SECRET; to start anew instead, move the whole data folder away.',
      { kind: 'data' },
    )
  return new Secret(secret)
}

/**
 * Writes the secret to a temporary file and links it to its name, so that of concurrent processes the first one wins.
 */
const makeSecret = async (path: string): Promise<string> => {
  const unfinished = `${path}.unfinished-${systemRandom.uuid()}`
  const text = systemRandom.bytes(secretLength).toString('hex')
  await writeFile(unfinished, text, { flag: 'wx', mode: 0o600, flush: true })
  try {
    await link(unfinished, path)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  } finally {
    await unlink(unfinished)
  }
  return await readFile(path, 'utf8')
}

/** The URL of the service for a caller on this machine. A wildcard address is replaced, because it cannot be called. */
const listeningUrl = ({ host, port }: Settings['http']): string => {
  const isAnyAddress = host === '0.0.0.0' || host === '::'
  const name = isAnyAddress ? 'localhost' : isIPv6(host) ? `[${host}]` : host
  return `http://${name}:${port}`
}

/** A claim of the data folder, or null for a command beside a running service. */
const claim = async (
  settings: Settings,
  use: InstallationUse,
  { instanceId, logger }: Pick<ServiceOptions, 'instanceId' | 'logger'>,
): Promise<DataDir | null> => {
  const onLost = (): void => {
    logger.error('another Idem has taken the data folder over, so this one ends')
    process.kill(process.pid, 'SIGTERM')
  }
  const claimant = { url: listeningUrl(settings.http), instanceId, now: systemClock.now(), onLost }
  try {
    return await claimDataDir(resolve(settings.database.dataDir), claimant)
  } catch (error) {
    if (use === 'command' && error instanceof DataDirInUse) return null
    throw error
  }
}

interface OpenedDatabase {
  readonly url: string
  /** Past a pooler that lends connections. */
  readonly directUrl?: string
  readonly recover: () => Promise<void>
  readonly close: () => Promise<void>
}

/** A database that this process does not run: nothing to recover and nothing to close. */
const foreign = (url: string): OpenedDatabase => ({
  url,
  recover: async () => undefined,
  close: async () => undefined,
})

/** Starts the embedded database. `close` stops it and releases the folder, even if the stop fails. */
const startDatabase = async (claimed: DataDir, logger: Logger): Promise<OpenedDatabase> => {
  const directory = join(claimed.path, 'postgres')
  const embedded = await startEmbeddedPostgres({ directory, log: logger, random: systemRandom })
  return {
    url: embedded.connectionString,
    recover: () => embedded.ensureRunning(),
    close: () => embedded.stop().finally(() => claimed.release()),
  }
}

const readSecrets = async ({ tokens, database }: Settings): Promise<readonly Secret[]> =>
  tokens.secrets.length > 0 ? tokens.secrets : [await developmentSecret(resolve(database.dataDir))]

/** Reads the secrets, then opens the database, so that with a bad secret no database server is started. */
const openStorage = async (
  settings: Settings,
  use: InstallationUse,
  identity: Pick<ServiceOptions, 'instanceId' | 'logger'>,
): Promise<{ secrets: readonly Secret[]; database: OpenedDatabase }> => {
  const { url, listenUrl, dataDir, schema } = settings.database
  if (url !== null) {
    const secrets = await readSecrets(settings)
    const directUrl = listenUrl === null ? {} : { directUrl: await settleTls(listenUrl) }
    return { secrets, database: { ...foreign(await settleTls(url)), ...directUrl } }
  }
  const claimed = await claim(settings, use, identity)
  try {
    const secrets = await readSecrets(settings)
    // Without a claim, the service that runs from this folder also runs the database.
    const database =
      claimed === null
        ? foreign(await attachEmbeddedPostgres(join(resolve(dataDir), 'postgres')))
        : await startDatabase(claimed, identity.logger)
    return { secrets, database: { ...database, url: withSchema(database.url, schema) } }
  } catch (error) {
    // Its own failure, most likely for the same reason, must not hide the first one.
    await claimed?.release().catch(() => undefined)
    throw error
  }
}

/** The traces of a process that serves; null where they are off, and then nothing of OpenTelemetry is loaded. */
const openTracesIfWanted = async (
  use: InstallationUse,
  { instanceId, logger }: Pick<ServiceOptions, 'instanceId' | 'logger'>,
): Promise<Traces | null> => {
  if (use !== 'serve' || !tracesWanted(process.env)) return null
  const { openTraces } = await import('./runtime/open-traces.js')
  return openTraces(instanceId, logger)
}

/** Opens the installation of this environment. Throws one error with all problems of the settings. */
export const openInstallation = async (use: InstallationUse): Promise<Installation> => {
  const settings = readEnvironment(settingsSections, process.env)
  const requestScope = new RequestScope()
  const logger = createLogger({ level: settings.runtime.logLevel, requestScope })
  adoptProcess(logger)
  adoptConsole(logger, isReplacedLine)
  for (const name of unknownVariables(settingsSections, process.env, clientVariables))
    logger.warn({ variable: name }, 'no such setting: most likely a slip of the pen')
  const instanceId = systemRandom.uuid()
  const { secrets, database } = await openStorage(settings, use, { instanceId, logger }).catch(
    (error: unknown) => {
      throw folderProblemOf(error, resolve(settings.database.dataDir)) ?? error
    },
  )
  const traces = await openTracesIfWanted(use, { instanceId, logger })
  return {
    settings,
    secrets,
    databaseUrl: database.url,
    directUrl: database.directUrl ?? database.url,
    publicUrl: settings.http.publicUrl ?? `http://localhost:${settings.http.port}`,
    methodDefinitions,
    instanceId,
    clock: systemClock,
    random: systemRandom,
    logger,
    requestScope,
    traces,
    recoverDatabase: database.recover,
    close: async () => {
      await traces?.close()
      await database.close()
    },
  }
}
