// A sign-in at the server's page that has begun: kept by this tab, until the page has sent the person back.

/** As much of `sessionStorage` as is used. */
export interface TextStorage {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

/** The storage of this tab, which no other tab and no other origin reads. Throws where there is none, as outside of browsers. */
export const tabStorage = (): TextStorage => {
  const { sessionStorage } = globalThis as { readonly sessionStorage?: TextStorage }
  if (sessionStorage === undefined) throw new Error('There is no sessionStorage here: give a storage.')
  return sessionStorage
}

/** The name of a pending sign-in, one for each state, so that several may be pending. */
const keyOf = (state: string): string => `idem.sign-in.${state}`

/** Keeps the verifier of a sign-in. */
export const keepPending = (storage: TextStorage, state: string, codeVerifier: string): void =>
  storage.setItem(keyOf(state), codeVerifier)

/** The verifier of a sign-in that this tab has begun, once; null if it has begun none with this state. */
export const takePending = (storage: TextStorage, state: string): string | null => {
  const codeVerifier = storage.getItem(keyOf(state))
  storage.removeItem(keyOf(state))
  return codeVerifier
}
