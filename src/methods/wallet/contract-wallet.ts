// Asks a contract wallet whether it accepts a signature: ERC-1271, and ERC-6492 for one that is not deployed yet.
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Address } from './address.js'
import type { EthereumNode } from './ethereum-node.js'

/** What a wallet is asked about. */
export interface ContractQuestion {
  readonly address: Address
  /** The hash that was signed, of 32 bytes. */
  readonly hash: Uint8Array
  readonly signature: Uint8Array
}

/** The selector of `isValidSignature(bytes32,bytes)`, which is also its answer for yes, padded to 32 bytes (ERC-1271). */
const magicValue = '1626ba7e'
const yes = `0x${magicValue.padEnd(64, '0')}`

/** The last 32 bytes of a signature that brings the call that deploys its wallet (ERC-6492). */
const isWrapped = (signature: Uint8Array): boolean =>
  bytesToHex(signature.subarray(-32)) === '6492'.repeat(16)

/**
 * True if the wallet accepts the signature. A wrapped one is checked by the validator of ERC-6492, whose code the node
 * runs: it deploys the wallet, unless it is there, and then asks it. An address without code accepts nothing.
 */
export const isAcceptedByContract = async (
  node: EthereumNode,
  question: ContractQuestion,
): Promise<boolean> => {
  const { address, hash, signature } = question
  // Loaded here, because few installations have contract wallets.
  const [{ SignatureErc6492 }, AbiParameters] = await Promise.all([
    import('ox/erc6492'),
    import('ox/AbiParameters'),
  ])
  if (isWrapped(signature)) {
    const argumentsOf = AbiParameters.encode(AbiParameters.from('address, bytes32, bytes'), [
      address,
      `0x${bytesToHex(hash)}`,
      `0x${bytesToHex(signature)}`,
    ])
    const data = `${SignatureErc6492.universalSignatureValidatorBytecode}${argumentsOf.slice(2)}`
    const result = await node.call({ data })
    return result.kind === 'returned' && /^0x(?:00){0,31}01$/.test(result.data)
  }
  const argumentsOf = AbiParameters.encode(AbiParameters.from('bytes32, bytes'), [
    `0x${bytesToHex(hash)}`,
    `0x${bytesToHex(signature)}`,
  ])
  const result = await node.call({ to: address, data: `0x${magicValue}${argumentsOf.slice(2)}` })
  // All 32 bytes are compared: the precompiled contract at 0x…04 returns what it is asked, the selector first.
  return result.kind === 'returned' && result.data === yes
}
