// The store of networks from which addresses were proven. A trigger inserts them; the lease of a mail reads them.
import type { Call } from '../database/call.js'

const purge = {
  name: 'idem_known_network_purge',
  text: `delete from known_network where (address_hash, network) in (
      select address_hash, network from known_network where proven_at < $1::timestamptz limit $2
      for update skip locked) returning network`,
}

/** The known networks of all addresses. */
export class KnownNetworks {
  /** Deletes at most `limit` networks that were last proven before `provenBefore`; returns their number. */
  async purge(call: Call, provenBefore: Date, limit: number): Promise<number> {
    return (await call.run(purge, [provenBefore, limit])).length
  }
}
