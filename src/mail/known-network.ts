// A known network: one from which the owner of an address has proven it, lately.
import { defineEntity, p } from '@mikro-orm/postgresql'

const KnownNetworkSchema = defineEntity({
  name: 'KnownNetwork',
  tableName: 'known_network',
  properties: {
    /** The SHA-256 of the canonical address. */
    addressHash: p.text().primary(),
    /** The hash of the network, as in `mail.network`. */
    network: p.text().primary(),
    /** When the challenge that was answered would have expired. */
    provenAt: p.datetime().index('known_network_proven_at'),
  },
})

/** A network from which an address was proven. A trigger writes it in the transaction that spends the challenge. */
export class KnownNetwork extends KnownNetworkSchema.class {}
KnownNetworkSchema.setClass(KnownNetwork)
