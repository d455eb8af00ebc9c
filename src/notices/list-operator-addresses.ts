// Lists the addresses of the operators, for notices about the installation.
import type { Handles } from '../accounts/handles.js'
import type { Call } from '../database/call.js'
import type { Identities } from '../identities/identities.js'

/** What `listOperatorAddresses` works with. */
export interface ListOperatorAddressesNeeds {
  readonly handles: Handles
  readonly identities: Identities
  /** The listed operators: handles of accounts, and addresses. */
  readonly operators: { readonly handles: ReadonlySet<string>; readonly addresses: ReadonlySet<string> }
}

/** The listed addresses, and the verified ones of the accounts whose handles are listed; each once. */
export const listOperatorAddresses = async (
  call: Call,
  { handles, identities, operators }: ListOperatorAddressesNeeds,
): Promise<string[]> => {
  const addresses = [...operators.addresses]
  for (const handle of operators.handles) {
    const accountId = await handles.findOwner(call, handle)
    if (accountId === null) continue
    const verified = await identities.listAddresses(call, accountId)
    addresses.push(...verified.map(({ subject }) => subject))
  }
  return [...new Set(addresses)]
}
