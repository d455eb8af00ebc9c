// The token of the mailed link that cancels a reset: its id with a MAC, stored nowhere.
import type { KeyRing } from '../tokens/key-ring.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'

/** A UUID. In bytes. */
const idLength = 16
/** The id and 32 bytes of HMAC-SHA256 in base64url: a whole number of characters. */
const form = /^[\w-]{64}$/

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The token for a reset. */
export const cancelTokenOf = (id: string, keyRing: KeyRing): string => {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  return Buffer.concat([bytes, keyRing.mac('reset-cancel', bytes)]).toString('base64url')
}

/** True for a text of the form of such a token. */
export const isCancelToken = (text: string): boolean => form.test(text)

/** The id in a token; null if we did not issue it. */
export const resetIdOf = (token: string, keyRing: KeyRing): string | null => {
  const bytes = isCancelToken(token) ? bytesOfBase64url(token) : null
  if (bytes === null) return null
  const [id, mac] = [bytes.subarray(0, idLength), bytes.subarray(idLength)]
  return keyRing.checksMac('reset-cancel', id, mac) ? uuidOf(id) : null
}
