// Begins a sign-in at the server's own page (`/sign-in`), with PKCE (RFC 7636).

import { toBase64 } from './base64.js'
import { keepPending, type TextStorage, tabStorage } from './pending-sign-in.js'

/** A sign-in at the page. */
export interface SignInAtPage {
  /** The server's address. */
  readonly server: string
  /** Where the page sends the person back to: one that the server lists in IDEM_RETURN_URLS, letter for letter. */
  readonly returnUrl: string
  /** What to fill in as the name of the person, if that is known. */
  readonly loginHint?: string
  /** Where the state and the verifier are kept; the tab's `sessionStorage` by default. */
  readonly storage?: TextStorage
}

/** 256 bits. In bytes. */
const secretLength = 32

const toBase64url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

const randomText = (): string => toBase64url(crypto.getRandomValues(new Uint8Array(secretLength)))

/**
 * The address of the page, to be opened in this tab (`location.assign`). Keeps the state and the verifier for
 * `finishSignIn`.
 */
export const beginSignIn = async ({
  server,
  returnUrl,
  loginHint,
  storage = tabStorage(),
}: SignInAtPage): Promise<string> => {
  const [state, codeVerifier] = [randomText(), randomText()]
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
  keepPending(storage, state, codeVerifier)
  const parameters = new URLSearchParams({
    return_url: returnUrl,
    state,
    code_challenge: toBase64url(new Uint8Array(hash)),
    code_challenge_method: 'S256',
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
  })
  return `${server}/sign-in?${parameters}`
}
