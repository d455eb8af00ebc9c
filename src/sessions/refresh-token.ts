// Refresh tokens: session, generation and a MAC over both; nothing else is stored (RFC 9700 4.14.2).
import type { KeyRing } from '../tokens/key-ring.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'

/** Prefix of our refresh tokens, by which scanners for leaked secrets recognise them. */
const prefix = 'idr_'
/** 16 bytes of session id, 4 of generation, 32 of HMAC-SHA256. */
const [idLength, bodyLength, tokenLength] = [16, 20, 52]

/** The content of a refresh token. */
export interface RefreshTokenClaims {
  readonly sessionId: string
  readonly generation: number
}

const bodyOf = ({ sessionId, generation }: RefreshTokenClaims): Buffer => {
  const body = Buffer.alloc(bodyLength)
  body.write(sessionId.replaceAll('-', ''), 'hex')
  body.writeUInt32BE(generation, idLength)
  return body
}

/** The refresh token of a generation. It is deterministic, so that a repeated request gets the same successor. */
export const issueRefreshToken = (keyRing: KeyRing, claims: RefreshTokenClaims): string => {
  const body = bodyOf(claims)
  return prefix + Buffer.concat([body, keyRing.mac('refresh-token', body)]).toString('base64url')
}

/** The content of a refresh token; null if we did not issue it. */
export const verifyRefreshToken = (keyRing: KeyRing, token: string): RefreshTokenClaims | null => {
  const bytes = /^idr_[\w-]{70}$/.test(token) ? bytesOfBase64url(token.slice(prefix.length)) : null
  if (bytes === null) return null
  const body = bytes.subarray(0, bodyLength)
  if (bytes.length !== tokenLength || !keyRing.checksMac('refresh-token', body, bytes.subarray(bodyLength)))
    return null
  const id = body.toString('hex', 0, idLength)
  const sessionId = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join(
    '-',
  )
  return { sessionId, generation: body.readUInt32BE(idLength) }
}
