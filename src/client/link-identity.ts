// Links another identity to the account of the transport's session.

import { type Account, accountFields, type Identity, identityFields } from './account.js'
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
  const data = await transport.send<{ linkIdentity: { account: Account; identity: Identity } }>({
    document,
    variables: { input: answer },
  })
  return data.linkIdentity
}
