// Finishes a sign-in at the server's own page: redeems the code with which the page has sent the person back.

import { IdemError } from './idem-error.js'
import { type TextStorage, tabStorage, takePending } from './pending-sign-in.js'
import { isSameOrigin } from './server-origin.js'
import { type SignedIn, signIn } from './sign-in.js'
import type { Transport } from './transport.js'

/** The address at which a page was opened. */
export interface ReturnedAt {
  /** `location.href`. Take the code out of the address bar afterwards (`history.replaceState`). */
  readonly url: string
  /** That of `beginSignIn`. */
  readonly storage?: TextStorage
}

/**
 * The new session; null if the address has no code, so that a page can call this each time it is opened. Sends nothing
 * and throws `WRONG_CHALLENGE` if this tab has not begun that sign-in, another server answers it (RFC 9207 2.4), or
 * the transport's server calls itself by another's name.
 */
export const finishSignIn = async (
  transport: Transport,
  { url, storage = tabStorage() }: ReturnedAt,
): Promise<SignedIn | null> => {
  const { searchParams } = new URL(url)
  const [code, state, iss] = ['code', 'state', 'iss'].map((name) => searchParams.get(name))
  if (code == null || state == null) return null
  const codeVerifier = takePending(storage, state)
  if (codeVerifier === null)
    throw new IdemError('WRONG_CHALLENGE', 'This tab has not begun the sign-in that this address ends.')
  const { issuer, reachedAt } = await transport.identify()
  // Else the server that gets the code could be one that has sent the person to another in secret.
  if (!isSameOrigin(issuer, reachedAt))
    throw new IdemError('WRONG_CHALLENGE', `The server at ${reachedAt} calls itself ${issuer}.`)
  if (iss !== issuer)
    throw new IdemError('WRONG_CHALLENGE', `This address is the answer of another server than ${issuer}.`)
  return await signIn(transport, { proof: { login: { code, codeVerifier } } })
}
