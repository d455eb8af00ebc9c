// Chooses the system user for PostgreSQL, which refuses to run as root.
import { execFile } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.js'

/** A user of the operating system. */
export interface SystemUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const run = promisify(execFile)

/** The name of the user in PostgreSQL's own packages. */
const postgresUser = 'postgres'

/**
 * The user that runs PostgreSQL in `directory`; null for the current one. For root it is the folder's owner; a folder
 * that belongs to root is first given to the system user `postgres`, which is created if missing. Throws
 * `EmbeddedPostgresError` if the folder belongs to another user or the user cannot be created.
 */
export const findSystemUser = async (directory: string): Promise<SystemUser | null> => {
  const ownUid = process.getuid?.()
  if (ownUid === undefined) return null
  const { uid, gid } = await stat(directory)
  if (ownUid !== 0) {
    if (uid === ownUid) return null
    throw new EmbeddedPostgresError(
      `${directory} belongs to another system user (uid ${uid}), perhaps because Idem once ran as root. ` +
        `Run Idem as that user or as root, or set IDEM_DATA_DIR to another folder, or ${useOwnServer}.`,
    )
  }
  if (uid !== 0) return { name: `uid ${uid}`, uid, gid }
  const user = (await lookUp(postgresUser)) ?? (await create(postgresUser))
  await chown(directory, user.uid, user.gid)
  return user
}

/**
 * Throws `EmbeddedPostgresError` unless `user` may enter each folder above each of `paths` and execute it. The message
 * names all closed folders and the `chmod` that opens them.
 */
export const requireReach = async (user: SystemUser, paths: readonly string[]): Promise<void> => {
  const steps = [...new Set(paths.flatMap(ancestorsAndSelf))]
  // Tested as that user, because the mode bits do not show access lists and group memberships.
  const script = 'for step do [ -x "$step" ] || printf "%s\\n" "$step"; done'
  const { uid, gid } = user
  const { stdout } = await run('/bin/sh', ['-c', script, 'sh', ...steps], { uid, gid, cwd: '/' })
  const closed = stdout.split('\n').filter((step) => step !== '')
  // Everything below a closed folder looks closed, so only the topmost ones are reported.
  const topmost = closed.filter((step) => !closed.includes(dirname(step)))
  if (topmost.length === 0) return
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, so Idem runs it as the system user "${user.name}", which may not enter ` +
      `${topmost.join(' and ')}. Allow it by \`chmod o+x ${topmost.map(quote).join(' ')}\`, ` +
      `or run Idem as an ordinary user, or ${useOwnServer}.`,
  )
}

const ancestorsAndSelf = (path: string): string[] =>
  dirname(path) === path ? [path] : [...ancestorsAndSelf(dirname(path)), path]

const quote = (path: string): string =>
  /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`

const lookUp = async (name: string): Promise<SystemUser | null> => {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, name])))
    return { name, uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
  } catch {
    // `id` fails for a user that does not exist.
    return null
  }
}

const create = async (name: string): Promise<SystemUser> => {
  let cause: unknown
  try {
    await run('useradd', ['--system', '--no-create-home', name])
  } catch (error) {
    cause = error
  }
  const user = await lookUp(name)
  if (user !== null) return user
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and the system user "${name}" could not be made (useradd failed). ` +
      `Make it by hand, or run Idem as an ordinary user, or ${useOwnServer}.`,
    { cause },
  )
}
