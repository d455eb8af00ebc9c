// An account as its owner sees it, and what its owner asks of it.

import type { Transport } from './transport.js'

/** A way to prove to be this account's owner. */
export interface Identity {
  readonly id: string
  readonly method: string
  /** What the method is called, in English. */
  readonly methodName: string
  /** Who vouches for the subject; for a key its scheme, `ed25519`. */
  readonly issuer: string
  /** Who is proven; for a key the base64 of its 32 public bytes. */
  readonly subject: string
  readonly label: string | null
  readonly createdAt: string
}

/** Who an account is, as a sign-in tells it. */
export interface AccountSummary {
  readonly id: string
  readonly kind: 'ANONYMOUS' | 'PERSON' | 'SERVICE'
  readonly handle: string | null
  readonly createdAt: string
}

/** An account with the identities that lead to it, which only its own bearer may see. */
export interface Account extends AccountSummary {
  readonly identities: readonly Identity[]
}

/** The session of a bearer. */
export interface SessionDescription {
  readonly id: string
  readonly deviceName: string | null
  readonly amr: readonly string[]
  readonly startedAt: string
  readonly refreshedAt: string
  readonly expiresAt: string
}

/** The fields of an `AccountSummary`. */
export const accountSummaryFields = 'id kind handle createdAt'

/** The fields of an `Account`, for every document that answers one to its bearer. */
export const accountFields = `${accountSummaryFields} identities { id method methodName issuer subject label createdAt }`

const whoAmI = `query WhoAmI {
  me { ${accountFields} }
  session { id deviceName amr startedAt refreshedAt expiresAt }
}`

/** Who the bearer is: null for nobody; the session is null for API keys and assertions. */
export const fetchWhoAmI = (
  transport: Transport,
): Promise<{ me: Account | null; session: SessionDescription | null }> => transport.send({ document: whoAmI })

/** Detaches an identity and ends the sessions that it opened. `LAST_IDENTITY` when it is the only one. */
export const unlinkIdentity = async (transport: Transport, id: string): Promise<Account> => {
  const document = `mutation UnlinkIdentity($id: ID!) { unlinkIdentity(id: $id) { ${accountFields} } }`
  const data = await transport.send<{ unlinkIdentity: Account }>({ document, variables: { id } })
  return data.unlinkIdentity
}
