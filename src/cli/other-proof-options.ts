// The options that name a proof of another account.
import { CliError } from './cli-error.js'

/** The options that name the proof of the other account. */
export interface OtherProofOptions {
  readonly privateKey?: string
  readonly walletKey?: string
  readonly chain?: string
  readonly email?: string
}

/** Refuses options of different ways, and a chain without a wallet. `USAGE`. */
export const refuseMixedProofs = ({ privateKey, walletKey, chain, email }: OtherProofOptions): void => {
  if ([privateKey, walletKey, email].filter((way) => way !== undefined).length > 1)
    throw new CliError('USAGE', 'One proof of the other account is enough.', 'See: idem merge --help')
  if (chain !== undefined && walletKey === undefined)
    throw new CliError('USAGE', 'A chain is that of a wallet.', 'Give both: --wallet-key FILE --chain ID')
}
