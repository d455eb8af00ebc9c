// A known network: one from which the owner of an address has recently proven it.
import { defineEntity, p } from '@mikro-orm/postgresql'

const KnownNetworkSchema = defineEntity({
  name: 'KnownNetwork',
  tableName: 'known_network',
  properties: {
    /** The SHA-256 of the canonical address. */
    addressHash: p.text().primary(),
    /** The hash of the network, as in `mail.network`. */
    network: p.text().primary(),
    /** When the answered challenge would have expired. */
    provenAt: p.datetime().index('known_network_proven_at'),
  },
})

/** A network from which an address was proven. A trigger inserts it in the transaction that spends the challenge. */
export class KnownNetwork extends KnownNetworkSchema.class {}
KnownNetworkSchema.setClass(KnownNetwork)
