// An account on a chain, as CAIP-10 writes it: `eip155:1:0xAb…`.
import type { Address } from './address.js'
import type { Chain } from './chain.js'

/** A wallet: an address on a chain. */
export interface CaipAccount {
  readonly chain: Chain
  readonly address: Address
}

/** The subject of a wallet's identity. */
export const caipAccountOf = ({ chain, address }: CaipAccount): string => `${chain}:${address}`

/** The account in a subject that `caipAccountOf` made. */
export const readCaipAccount = (subject: string): CaipAccount => {
  const end = subject.lastIndexOf(':')
  return { chain: subject.slice(0, end) as Chain, address: subject.slice(end + 1) as Address }
}
