// The assignment of processes to cores. Only the server runs on its core.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Numbers of cores, as `taskset` counts them. */
export interface CorePlan {
  readonly server: number
  readonly client: number
  /** Cores of PostgreSQL and the benchmark: all remaining ones; on a machine with two cores, the client's. */
  readonly others: readonly number[]
}

/** `0-2,5` means 0, 1, 2 and 5. */
const parseCoreList = (list: string): number[] =>
  list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  })

/** The cores that this process may use; none if the system does not report them. */
const allowedCores = async (): Promise<number[]> => {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]
  return list === undefined ? [] : parseCoreList(list)
}

/** A plan for this machine; null if processes cannot be pinned, because there is one core or no `taskset`. */
export const planCores = async (): Promise<CorePlan | null> => {
  const [server, client, ...rest] = await allowedCores()
  if (server === undefined || client === undefined) return null
  const hasTaskset = await run('taskset', ['--version']).then(
    () => true,
    () => false,
  )
  return hasTaskset ? { server, client, others: rest.length > 0 ? rest : [client] } : null
}

/** All cores of a plan, once each. */
export const allOf = ({ server, client, others }: CorePlan): readonly number[] => [
  ...new Set([server, client, ...others]),
]

/** Moves a process with all its threads; processes that it starts later inherit its cores. */
export const pin = async (pid: number, cores: readonly number[]): Promise<void> => {
  await run('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.join(','), String(pid)])
}
