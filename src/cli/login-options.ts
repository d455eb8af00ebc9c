// The options of `idem login`, and which of them go together.

import { CliError } from './cli-error.js'

/** The options as they were given. */
export interface LoginOptions {
  readonly handle?: string
  readonly privateKey?: string
  readonly walletKey?: string
  readonly chain?: string
  readonly password?: boolean
  readonly guest?: boolean
  readonly email?: string
  readonly challenge?: string
  readonly code?: string
  readonly wait: boolean
}

/** Refuses options of different ways to sign in. `USAGE`. */
export const refuseMixedOptions = (options: LoginOptions): void => {
  const { guest, privateKey, walletKey, handle, email, challenge, code, wait, password } = options
  const hasKey = (privateKey ?? walletKey) !== undefined
  const hasMail = (challenge ?? code) !== undefined || !wait
  if (guest === true && (hasKey || hasMail || password === true || (handle ?? email) !== undefined)) {
    throw new CliError('USAGE', 'A guest has neither key nor handle nor address.', 'Give --guest alone.')
  }
  if (password === true) refuseBesidePassword(options, hasKey || hasMail)
  const isOfKey = hasKey || (handle !== undefined && password !== true)
  if (isOfKey && (hasMail || email !== undefined))
    throw new CliError('USAGE', 'Sign in either by email or with a key.')
  if (privateKey !== undefined && walletKey !== undefined)
    throw new CliError('USAGE', 'Sign in with one key: --private-key or --wallet-key.')
  if (options.chain !== undefined && walletKey === undefined)
    throw new CliError('USAGE', 'A chain is that of a wallet.', 'Give both: --wallet-key FILE --chain ID')
  refuseMixedMail(options)
}

const refuseBesidePassword = ({ handle, email }: LoginOptions, hasOther: boolean): void => {
  if (hasOther)
    throw new CliError(
      'USAGE',
      'A password is given with a handle or an address alone.',
      'See: idem login --help',
    )
  if (handle !== undefined && email !== undefined)
    throw new CliError('USAGE', 'One name of the account is enough: --handle or --email.')
}

const refuseMixedMail = ({ email, challenge, code, wait }: LoginOptions): void => {
  if (code !== undefined && challenge === undefined) {
    throw new CliError('USAGE', 'A code answers a challenge.', 'Give both: --challenge ID --code CODE')
  }
  if (email !== undefined && challenge !== undefined)
    throw new CliError(
      'USAGE',
      'A challenge belongs to the address that it was asked for with.',
      'Give --challenge without --email.',
    )
  if (!wait && (email === undefined || challenge !== undefined)) {
    throw new CliError('USAGE', '--no-wait asks for a new mail.', 'Give it with --email alone.')
  }
}
