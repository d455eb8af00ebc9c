// Reads the key of an Ethereum account from a file or standard input.

import type { WalletSigner } from '../client/wallet.js'
import { CliError } from './cli-error.js'
import type { Invocation } from './invocation.js'
import { type KeyOption, readKey } from './key-file.js'
import { looksLikeWalletKey, noWalletKey, parseWalletKey, type WalletKey } from './wallet-key.js'

/** A wallet, and the file from which its key can be read again; null if it came from a pipe. */
export interface GivenWallet {
  readonly signer: WalletSigner
  readonly file: string | null
}

const option: KeyOption<WalletKey> = {
  name: '--wallet-key',
  isKey: looksLikeWalletKey,
  otherWays: 'Put it into a file (chmod 600), or pipe it in with --wallet-key -.',
  whenMissing: 'It is the file with the private key of an Ethereum account.',
  noKey: noWalletKey,
  parse: parseWalletKey,
}

/** The wallet of `--wallet-key` (a file, or `-` for standard input) on a chain: `1` or `eip155:1`. */
export const readWallet = async (
  invocation: Invocation,
  { word, chain }: { readonly word: string; readonly chain: string },
): Promise<GivenWallet> => {
  const chainId = parseChain(chain)
  const { key, file } = await readKey(invocation, word, option)
  return { signer: { ...key, chainId }, file }
}

const parseChain = (chain: string): string => {
  const [, digits] = /^(?:eip155:)?([1-9]\d{0,31})$/.exec(chain) ?? []
  if (digits !== undefined) return digits
  throw new CliError(
    'USAGE',
    'A chain is named by its EIP-155 number.',
    'Such as --chain 1 or --chain eip155:1',
  )
}
