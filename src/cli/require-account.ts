// The account of a session that holds.

import type { Account } from '../client/account.js'
import { CliError } from './cli-error.js'

/** The account that `me` answered; a server that accepts the bearer but answers nobody signed it out. */
export const requireAccount = (me: Account | null): Account => {
  if (me === null)
    throw new CliError('SIGNED_OUT', 'The server knows nobody by this session.', 'Sign in: idem login')
  return me
}
