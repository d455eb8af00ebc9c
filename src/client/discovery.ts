// Reads a server's own name: the issuer in its discovery document (OpenID Connect Discovery 1.0, section 4.2).

import { foreignAnswer, type HttpAnswer, isOnTheWay } from './http-answer.js'
import { IdemError } from './idem-error.js'

/** The path of the document below a server's address. */
export const discoveryPath = '/.well-known/openid-configuration'

/** The two origins of a server, which are the same unless it impersonates another one. */
export interface ServerIdentity {
  /** The origin of the address that was called, such as `https://id.example.org`. */
  readonly reachedAt: string
  /** The origin that the server claims. */
  readonly issuer: string
}

/** The issuer in the document, as an origin. `UNEXPECTED_ANSWER` if it is not such a document, or `foreignAnswer`. */
export const parseIssuer = (answer: HttpAnswer): string => {
  const { status, text } = answer
  if (isOnTheWay(answer)) throw foreignAnswer(answer)
  const issuer = status === 200 ? issuerIn(text) : null
  if (issuer !== null && URL.canParse(issuer)) {
    const { protocol, origin } = new URL(issuer)
    if (protocol === 'https:' || protocol === 'http:') return origin
  }
  throw new IdemError(
    'UNEXPECTED_ANSWER',
    `The server does not say who it is: HTTP ${status} at ${discoveryPath} without an issuer.`,
  )
}

const issuerIn = (text: string): string | null => {
  try {
    const document: unknown = JSON.parse(text)
    if (typeof document !== 'object' || document === null || !('issuer' in document)) return null
    return typeof document.issuer === 'string' ? document.issuer : null
  } catch {
    return null
  }
}
