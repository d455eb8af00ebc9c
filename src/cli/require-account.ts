// The account of a valid session.

import type { Account } from '../client/account.js'
import { CliError } from './cli-error.js'

/** The account in the answer of `me`; null in the answer means that the session is over. */
export const requireAccount = (me: Account | null): Account => {
  if (me === null)
    throw new CliError('SIGNED_OUT', 'The server knows nobody by this session.', 'Sign in: idem login')
  return me
}
