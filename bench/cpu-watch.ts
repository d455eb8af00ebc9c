// Measures the share of a core that each side of a measurement uses.
import { cpuSeconds, familyCpuSeconds } from './process-usage.js'

/** The pids of the processes of a measurement; null: none, or unknown. */
export interface Watched {
  readonly server: number
  /** The process that sends requests, or that receives the server's mails. */
  readonly client: number | null
  /** The parent of PostgreSQL's processes. */
  readonly postgres: number | null
}

/** Shares of one core, from 0 to 1 for a single-threaded process; null if the system does not report them. */
export type CpuShares = { readonly [Name in keyof Watched]: number | null }

/** The result if no process was watched. */
export const noShares: CpuShares = { server: null, client: null, postgres: null }

const read = ({ server, client, postgres }: Watched): CpuShares => ({
  server: cpuSeconds(server),
  client: client === null ? null : cpuSeconds(client),
  postgres: postgres === null ? null : familyCpuSeconds(postgres),
})

/** Starts watching; the returned function gives the shares since then. */
export const watchCpu = (watched: Watched): (() => CpuShares) => {
  const [before, startedAt] = [read(watched), performance.now()]
  return () => {
    const [after, seconds] = [read(watched), (performance.now() - startedAt) / 1000]
    const share = (then: number | null, now: number | null): number | null =>
      then === null || now === null ? null : (now - then) / seconds
    return {
      server: share(before.server, after.server),
      client: share(before.client, after.client),
      postgres: share(before.postgres, after.postgres),
    }
  }
}
