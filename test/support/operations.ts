// The blocks of docs/operations.md, for the tests that run each of them as it stands there.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Ended } from './process.js'
import { IdemProcess } from './process.js'
import type { TestService } from './start-service.js'

/** The blocks by heading, in their order. */
export const blocksOfOperations: ReadonlyMap<string, readonly string[]> = new Map(
  readFileSync('docs/operations.md', 'utf8')
    .split(/^## /m)
    .map((part) => [
      part.split('\n', 1).join(),
      [...part.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map(([, block = '']) => block),
    ]),
)

/** A block: its heading, and its place among those there. */
export const block = (heading: string, place: number): string => {
  const found = blocksOfOperations.get(heading)?.[place]
  if (found === undefined) throw new Error(`docs/operations.md has no block ${place} under ${heading}`)
  return found
}

/** The block with npm's scripts replaced by what they run, without npm's builds, which other tests would notice. */
export const withoutNpm = (text: string): string => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'))
  const command = (name: string): string => (scripts[name] ?? '').replace(/^node /, '"$NODE" ')
  return text
    .replace(/npm run ([\w-]+)(?: --)?/g, (_, name: string) => command(name))
    .replace('npm start', `exec ${command('start')}`)
}

/** Runs commands with bash, which stops at the first error; returns what they print. */
export const shell = async (
  text: string,
  environment: Readonly<Record<string, string>>,
  folder = process.cwd(),
): Promise<string> => {
  const env = { PATH: process.env['PATH'], NODE: process.execPath, ...environment }
  const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail\n${text}`], {
    env,
    cwd: folder,
  })
  return stdout
}

/** The secret of the installation. */
export const secretOfInstallation = 'the-secret-of-this-installation-0123456789abcdef'

/** The environment of a process in production. */
export const production = (
  databaseUrl: string,
  secret: string = secretOfInstallation,
): Readonly<Record<string, string>> => ({
  NODE_ENV: 'production',
  DATABASE_URL: databaseUrl,
  IDEM_SECRET: secret,
  IDEM_PUBLIC_URL: 'https://id.example.org',
  SMTP_URL: 'smtp://smtp.example.org:587',
  // No load balancer has to notice the end.
  IDEM_DRAIN_DELAY_SECONDS: '0',
})

/** Runs a service until `work` is done. */
export const serving = async (
  environment: Readonly<Record<string, string>>,
  work: (idem: TestService, process: IdemProcess) => Promise<void>,
): Promise<void> => {
  const process = await IdemProcess.start(environment)
  try {
    await process.ready()
    await work(process.asService(environment['DATABASE_URL'] ?? ''), process)
  } finally {
    await process.stop()
  }
}

/** Runs one of Idem's commands to its end. */
export const command = async (
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<Ended> => await (await IdemProcess.start(environment, words)).ended()
