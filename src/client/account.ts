// An account as its owner sees it, and calls of the owner.

import type { Transport } from './transport.js'

/** An identity of the account. */
export interface Identity {
  readonly id: string
  readonly method: string
  /** What the method is called, in English. */
  readonly methodName: string
  /** The namespace of the subject; for a key its scheme, `ed25519`. */
  readonly issuer: string
  /** The subject; for a key the base64 of its 32 public bytes. */
  readonly subject: string
  readonly label: string | null
  readonly createdAt: string
  /** When a proof of it last held, up to a minute early; null if that is not known. */
  readonly lastUsedAt: string | null
}

/** An account in the answer of a sign-in. */
export interface AccountSummary {
  readonly id: string
  readonly kind: 'ANONYMOUS' | 'PERSON' | 'SERVICE'
  readonly handle: string | null
  readonly createdAt: string
}

/** An account with its identities, which only its own bearer may read. */
export interface Account extends AccountSummary {
  readonly identities: readonly Identity[]
  /** When it will be deleted unless that is cancelled, or null. */
  readonly deletionDueAt: string | null
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

/** The fields of an `Identity`. */
export const identityFields = 'id method methodName issuer subject label createdAt lastUsedAt'

/** The fields of an `Account`, for documents with the account's own bearer. */
export const accountFields = `${accountSummaryFields} deletionDueAt identities { ${identityFields} }`

const whoAmI = `query WhoAmI {
  me { ${accountFields} }
  session { id deviceName amr startedAt refreshedAt expiresAt }
}`

/** The account and session of the bearer; both null without one, the session null for API keys and assertions. */
export const fetchWhoAmI = (
  transport: Transport,
): Promise<{ me: Account | null; session: SessionDescription | null }> => transport.send({ document: whoAmI })

/** Changes the label of an identity; null for none. `NOT_FOUND` if the account has no such identity. */
export const renameIdentity = async (
  transport: Transport,
  { id, label }: { readonly id: string; readonly label: string | null },
): Promise<Identity> => {
  const document = `mutation RenameIdentity($id: ID!, $label: String) {
    renameIdentity(id: $id, label: $label) { ${identityFields} }
  }`
  const data = await transport.send<{ renameIdentity: Identity }>({ document, variables: { id, label } })
  return data.renameIdentity
}

/** Unlinks an identity and ends the sessions that it opened. `LAST_IDENTITY` if it is the only one. */
export const unlinkIdentity = async (transport: Transport, id: string): Promise<Account> => {
  const document = `mutation UnlinkIdentity($id: ID!) { unlinkIdentity(id: $id) { ${accountFields} } }`
  const data = await transport.send<{ unlinkIdentity: Account }>({ document, variables: { id } })
  return data.unlinkIdentity
}
