// Measures Argon2id alone: as many passwords at once, with the same parameters, as a server checks.
import { hash, verify } from '@node-rs/argon2'
import { readEnvironment } from '../../src/config/read-environment.js'
import { passwordSettings } from '../../src/passwords/settings.js'
import { watchCpu } from '../cpu-watch.js'
import type { Measurement } from '../load/order.js'
import { percentiles } from '../load/percentiles.js'
import type { HashesOrder } from './order.js'

const password = 'three brown foxes of the bench'

/** Runs the order. */
export const measureHashes = async ({ seconds }: HashesOrder): Promise<Measurement> => {
  const { passwords } = readEnvironment({ passwords: passwordSettings }, {})
  const stored = await hash(password, { memoryCost: passwords.memoryKib, timeCost: passwords.passes })
  const latencies: number[] = []
  const cpuShares = watchCpu({ server: process.pid, client: process.pid, postgres: null })
  const endsAt = performance.now() + seconds * 1000
  const repeat = async (): Promise<void> => {
    for (let startedAt = performance.now(); startedAt < endsAt; ) {
      await verify(stored, password)
      const now = performance.now()
      if (now < endsAt) latencies.push(now - startedAt)
      startedAt = now
    }
  }
  await Promise.all(Array.from({ length: passwords.atOnce }, repeat))
  return {
    operations: latencies.length,
    perSecond: latencies.length / seconds,
    ...percentiles(latencies),
    statementsEach: null,
    cpu: { ...cpuShares(), server: null },
  }
}
