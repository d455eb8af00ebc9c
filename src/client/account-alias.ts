// Follows an old account id to the account of today.

import type { Transport } from './transport.js'

/** The account that an id leads to now: the survivor for an absorbed one. `NOT_FOUND` if it leads to none. */
export const fetchAlias = async (transport: Transport, id: string): Promise<string> => {
  const document = 'query AccountAlias($id: ID!) { accountAlias(id: $id) }'
  const call = { document, variables: { id } }
  return (await transport.send<{ accountAlias: string }>(call)).accountAlias
}
