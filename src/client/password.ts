// The password of the account, and its reset.

import { type AccountSummary, accountSummaryFields } from './account.js'
import type { Transport } from './transport.js'

/**
 * Sets or changes the password; from then on each sign-in asks for two proofs. `BAD_USER_INPUT` for a password that is
 * too short, too long or too common, `CONFLICT` for an account without a verified address or an authenticator app.
 */
export const setPassword = async (transport: Transport, newPassword: string): Promise<AccountSummary> => {
  const document = `mutation SetPassword($input: SetPasswordInput!) {
    setPassword(input: $input) { ${accountSummaryFields} }
  }`
  const data = await transport.send<{ setPassword: AccountSummary }>({
    document,
    variables: { input: { newPassword } },
  })
  return data.setPassword
}
