// Links another identity to the account of the transport's session.

import { type Account, accountFields, type Identity, identityFields } from './account.js'
import { IdemError } from './idem-error.js'
import type { Answer } from './proof.js'
import type { Transport } from './transport.js'

const document = `mutation LinkIdentity($input: LinkIdentityInput!) {
  linkIdentity(input: $input) {
    account { ${accountFields} }
    identity { ${identityFields} }
  }
}`

/** Links the proven identity. `CONFLICT` if it belongs to another account. */
export const linkIdentity = async (
  transport: Transport,
  answer: Answer & { readonly label?: string },
): Promise<{ account: Account; identity: Identity }> => {
  const data = await transport.send<{ linkIdentity: { account: Account | null; identity: Identity | null } }>(
    {
      document,
      variables: { input: answer },
    },
  )
  const { account, identity } = data.linkIdentity
  // Only an identity of another account asks for a second factor here.
  if (account === null || identity === null)
    throw new IdemError('CONFLICT', 'This identity belongs to another account.')
  return { account, identity }
}
