// A server under load: the interface of all servers, and the start of the bare one.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nextMessage, pidOf, type Started } from './started.js'

/** A running server on this machine. */
export interface Server {
  readonly port: number
  readonly pid: number
}

/** The flags that `npm start` passes to Node. The benchmark runs in the project's folder, as npm scripts do. */
export const serverFlags: readonly string[] = (
  JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } }
).scripts.start
  .split(' ')
  .filter((word) => word.startsWith('--'))

/** The flags that let Node write a CPU profile `name` into a folder when it ends; none without a folder. */
export const profileFlags = (folder: string | null, name: string): string[] =>
  folder === null
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`, `--cpu-prof-name=${name}.cpuprofile`]

/** Starts the bare server. */
export const startBare = async (started: Started): Promise<Server> => {
  const file = fileURLToPath(new URL('./bare-server.js', import.meta.url))
  const child = started.fork(file, { execArgv: [...serverFlags] })
  const url = new URL(String(await nextMessage(child)))
  return { port: Number(url.port), pid: pidOf(child) }
}
