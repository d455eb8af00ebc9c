// The bearer that a server in development believes, when it answers `authenticationDisabled`.

import { toBase64 } from './base64.js'

/** Base64 of `{"email":"…"}`. It proves nothing, and holds nowhere else. */
export const developmentBearer = (address: string): string =>
  toBase64(new TextEncoder().encode(JSON.stringify({ email: address })))
