// How much of a core each side of a measurement uses.
import { cpuSeconds, familyCpuSeconds } from './process-usage.js'

/** The processes of a measurement, by pid; null: none, or not known. */
export interface Watched {
  readonly server: number
  /** Who asks, or who takes what the server sends. */
  readonly client: number | null
  /** The process that PostgreSQL started from. */
  readonly postgres: number | null
}

/** Shares of one core, between 0 and 1 for a process of one thread; null where the system does not say. */
export type CpuShares = { readonly [Name in keyof Watched]: number | null }

/** Nobody was watched. */
export const noShares: CpuShares = { server: null, client: null, postgres: null }

const read = ({ server, client, postgres }: Watched): CpuShares => ({
  server: cpuSeconds(server),
  client: client === null ? null : cpuSeconds(client),
  postgres: postgres === null ? null : familyCpuSeconds(postgres),
})

/** Watches from now on. The function that it returns tells the shares since then. */
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
