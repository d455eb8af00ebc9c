// The unproven bearer for a development server that answers `authenticationDisabled`.

import { toBase64 } from './base64.js'

/** Base64 of `{"email":"…"}`. It proves nothing, and no other server accepts it. */
export const developmentBearer = (address: string): string =>
  toBase64(new TextEncoder().encode(JSON.stringify({ email: address })))
