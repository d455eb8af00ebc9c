// Who a server says it is: the issuer in its discovery document (OpenID Connect Discovery 1.0, section 4.2).

import { IdemError } from './idem-error.js'
import type { HttpAnswer } from './parse-answer.js'

/** Where the document lies below a server's address. */
export const discoveryPath = '/.well-known/openid-configuration'

/** A server by its two names; for one that is what it seems both are the same origin. */
export interface ServerIdentity {
  /** The origin that its address was reached at, such as `https://id.example.org`. */
  readonly reachedAt: string
  /** The origin that it calls itself. */
  readonly issuer: string
}

/** The issuer that the document names, as an origin. `UNEXPECTED_ANSWER` when it is no such document. */
export const parseIssuer = ({ status, text }: HttpAnswer): string => {
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
