// An Ethereum chain by its EIP-155 id, in the spelling of CAIP-2.
import { Failure } from '../../failure.js'

/** A chain as `eip155:1`. */
export type Chain = `eip155:${number}`

/** The largest chain id that wallets accept: beyond it, `2 * id + 36` (EIP-155) is no exact number in JavaScript. */
const largestChainId = 4_503_599_627_370_476

/** The chain that `eip155:1` or `1` names; null for any other text, one with leading zeros among them. */
export const readChain = (raw: string): Chain | null => {
  const [, digits = ''] = /^(?:eip155:)?([1-9]\d{0,15})$/.exec(raw) ?? []
  const id = Number(digits)
  return digits === '' || id > largestChainId ? null : `eip155:${id}`
}

/** The same. Throws `BAD_USER_INPUT` for any other text. */
export const parseChain = (raw: string): Chain => {
  const chain = readChain(raw)
  if (chain === null)
    throw new Failure(
      'BAD_USER_INPUT',
      `A chain is its EIP-155 id, such as eip155:1 or 1, and at most ${largestChainId}.`,
      { field: 'chainId' },
    )
  return chain
}
