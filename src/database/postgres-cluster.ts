// A PostgreSQL data folder and its server: initialise, start, stop.
import {
  chmod,
  lchown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { OperatorProblem } from '../failure.js'
import { superuser } from './embedded-address.js'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.js'
import { folderProblemIn } from './folder-problem.js'
import { errorCode, readIfPresent } from './operating-system.js'
import { findPostgresPrograms, type PostgresPrograms, runProgram } from './postgres-programs.js'
import { findPostmaster, removeForeignLock } from './postmaster.js'
import { findSystemUser, requireReach, type SystemUser } from './system-user.js'

/** The paths of a data folder, which PostgreSQL calls a cluster. */
export interface ClusterFiles {
  readonly directory: string
  /** PGDATA; has this name only once it is complete. */
  readonly data: string
  readonly passwordFile: string
  readonly logFile: string
}

/** A data folder with everything that is needed to run a server on it. */
export interface Cluster extends ClusterFiles {
  readonly programs: PostgresPrograms
  /** The system user that runs the server; null: the current one. */
  readonly user: SystemUser | null
}

/** A page cache for a laptop, and connections for several processes of Idem, their pools and the tests. */
const serverSizes = ['shared_buffers=64MB', 'max_connections=200']

const unfinishedPrefix = 'data.unfinished-'

/**
 * 50 pauses of 200 ms are 10 s, enough for the orphaned children of a killed server to end and for a port to be free.
 */
const startAttempts = 50
const startPauseMs = 200

/** Recovery after a crash replays the log of up to 1 GB; beyond this something else is wrong. */
const startTimeoutSeconds = 300

/** Time limit of a fast stop, which waits only for the last checkpoint. */
const stopTimeoutSeconds = 60

/**
 * Log lines after which another attempt helps: the port was taken meanwhile, or children of a killed server still run.
 */
const passingTrouble =
  /could not bind|could not create any TCP\/IP sockets|shared memory block .* still in use/

/** The paths of the data folder in `directory`, whether it exists or not. */
export const clusterFiles = (directory: string): ClusterFiles => ({
  directory,
  data: join(directory, 'data'),
  passwordFile: join(directory, 'password'),
  logFile: join(directory, 'log'),
})

/**
 * Prepares `directory`, which is created if missing, for a server; starts nothing. Throws `EmbeddedPostgresError` if
 * this machine or this system user cannot run PostgreSQL.
 */
export const openCluster = async (directory: string): Promise<Cluster> => {
  const programs = await findPostgresPrograms()
  await mkdir(directory, { recursive: true, mode: 0o711 })
  const user = await findSystemUser(directory)
  await chmod(directory, 0o700)
  if (user !== null)
    await requireReach(user, [await realpath(dirname(directory)), ...Object.values(programs)])
  return { ...clusterFiles(directory), programs, user }
}

/**
 * Makes the data folder if there is none, under a temporary name until it is complete, so that an incomplete one is
 * never used and is removed at the next start. Returns whether it made one.
 */
export const initialise = async (cluster: Cluster, makePassword: () => string): Promise<boolean> => {
  const { directory, data, passwordFile, programs, user } = cluster
  await removeUnfinished(directory)
  if (await exists(data)) return false
  await rm(passwordFile, { force: true })
  await writeFile(passwordFile, makePassword(), { flag: 'wx', mode: 0o600, flush: true })
  const unfinished = await mkdtemp(join(directory, unfinishedPrefix))
  if (user !== null)
    await Promise.all([passwordFile, unfinished].map((path) => lchown(path, user.uid, user.gid)))
  // Two settings that initdb would otherwise find by experiment, which takes a fifth of its time.
  const sizes = serverSizes.flatMap((setting) => ['--set', setting])
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
  const access = [`--username=${superuser}`, '--auth=scram-sha-256', `--pwfile=${basename(passwordFile)}`]
  const args = [`--pgdata=${basename(unfinished)}`, ...locale, ...access, ...sizes, '--no-instructions']
  const { succeeded, output } = await runProgram(programs.initdb, args, cluster)
  if (!succeeded) throw failed('initialise its data folder', cluster, output)
  await rename(unfinished, data)
  await flushFolder(directory)
  return true
}

/** The superuser's password. Throws `EmbeddedPostgresError` if its file is lost, because it is stored nowhere else. */
export const readPassword = async ({ data, passwordFile }: Cluster): Promise<string> => {
  try {
    return await readFile(passwordFile, 'utf8')
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `${passwordFile} cannot be read, and without it the database in ${data} cannot be opened. ` +
        `Put it back, or move ${data} away to start with an empty database, or ${useOwnServer}.`,
      { cause },
    )
  }
}

/**
 * Starts the server, waits until it accepts connections, and returns the port. The caller has checked that none runs.
 * If the port of `choosePort` is taken, calls it again. Throws `EmbeddedPostgresError` with the end of PostgreSQL's
 * log.
 */
export const startServer = async (cluster: Cluster, choosePort: () => Promise<number>): Promise<number> => {
  await removeForeignLock(cluster.data)
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort()
    const trouble = await tryStart(cluster, port)
    if (trouble === null) return port
    if (attempt === startAttempts || !passingTrouble.test(trouble)) throw failed('start', cluster, trouble)
    await setTimeout(startPauseMs)
  }
}

/** Closes the connections, stops the server and waits for its end. Does nothing if none runs. */
export const stopServer = async (cluster: Cluster): Promise<void> => {
  if ((await findPostmaster(cluster.data)) === null) return
  const args = ['stop', '-D', basename(cluster.data), '-m', 'fast', '-w', '-t', String(stopTimeoutSeconds)]
  const { succeeded, output } = await runProgram(cluster.programs.pgCtl, args, cluster)
  // It may have ended by itself between the check and the command.
  if (!succeeded && (await findPostmaster(cluster.data)) !== null) throw failed('stop', cluster, output)
}

/** One attempt to start; null if the server runs, otherwise the output of pg_ctl and the server. */
const tryStart = async (cluster: Cluster, port: number): Promise<string | null> => {
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    ...serverSizes,
    'logging_collector=off',
    'log_checkpoints=off',
  ]
  const logged = (await readIfPresent(cluster.logFile)).length
  const options = settings.map((setting) => `-c ${setting}`).join(' ')
  const wait = ['-w', '-t', String(startTimeoutSeconds)]
  // Relative to the folder, because pg_ctl composes a command of a shell, which would expand $ and ` in a path.
  const args = [
    'start',
    '-D',
    basename(cluster.data),
    '-l',
    basename(cluster.logFile),
    ...wait,
    '-o',
    options,
  ]
  const { succeeded, output } = await runProgram(cluster.programs.pgCtl, args, cluster)
  return succeeded ? null : `${(await readIfPresent(cluster.logFile)).slice(logged)}${output}`
}

const failed = (verb: string, { directory, logFile }: Cluster, trouble: string): OperatorProblem => {
  const known = folderProblemIn(trouble, directory)
  if (known !== null) return known
  const lastLines = trouble.trim().split('\n').slice(-15).join('\n  ')
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL could not ${verb}. Its last words:\n  ${lastLines}\n` +
      `The whole log is ${logFile}. Mend the cause and start Idem again, or ${useOwnServer}.`,
  )
}

const removeUnfinished = async (directory: string): Promise<void> => {
  const names = (await readdir(directory)).filter((name) => name.startsWith(unfinishedPrefix))
  // Retried, because the initdb of a killed Idem may still be writing there.
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }
  await Promise.all(names.map((name) => rm(join(directory, name), options)))
}

/** Flushes a folder, so that a rename survives a power failure. Windows cannot open folders and does not need it. */
const flushFolder = async (folder: string): Promise<void> => {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    },
  )
