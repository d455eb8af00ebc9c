// Access tokens: short-lived JWTs that any service can verify without calling Idem (RFC 9068, EdDSA by RFC 8037).
import { type KeyObject, sign } from 'node:crypto'
import { type CryptoKey, errors, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Acr } from '../authorization/principal.js'
import { Failure } from '../failure.js'
import type { Random } from '../runtime/random.js'
import { isInOneSpelling } from './one-spelling.js'
import type { SigningKeys } from './signing-keys.js'

/** RFC 9068 2.1: distinguishes an access token from every other JWT of ours. */
const tokenType = 'at+jwt'
const algorithm = 'EdDSA'

/** The claim that names the ids under which a service may know the account from before a merge. */
export const aliasesClaim = 'idem_aliases'

/** Most verified tokens in the cache; one takes about a kilobyte. */
const maxVerified = 10_000

/** The claims of a token. */
export interface AccessTokenClaims {
  readonly accountId: string
  readonly sessionId: string
  readonly clientId: string
  readonly scope: string
  readonly amr: readonly string[]
  readonly acr: Acr
  readonly authenticatedAt: Date
}

/** The claims of a token to be issued. Services read the absorbed ids; Idem itself never does. */
export interface NewAccessTokenClaims extends AccessTokenClaims {
  /** Ids of accounts that were merged into this one, the newest first. */
  readonly absorbedIds: readonly string[]
}

/**
 * Most ids in `idem_aliases`. Ten are 400 bytes, so that a token stays far below what servers take as a header. A
 * service that missed more merges than that follows the older ids by `accountAlias`.
 */
export const mostAliases = 10

/** A new token. */
export interface IssuedAccessToken {
  readonly token: string
  readonly expiresAt: Date
}

/** What `AccessTokens` needs. */
export interface AccessTokensOptions {
  readonly signingKeys: SigningKeys
  readonly random: Random
  readonly issuer: string
  readonly audience: string
  readonly lifetimeSeconds: number
}

interface Verified {
  readonly claims: AccessTokenClaims
  readonly expiresAtMilliseconds: number
}

const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000)

const partOf = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url')

/**
 * A compact JWS (RFC 7515 5.1). The signature is made here, and not through jose, whose WebCrypto sends each one to a
 * thread of its own: that is as much work again as the signature.
 */
const signed = (header: object, payload: object, privateKey: KeyObject): string => {
  const input = `${partOf(header)}.${partOf(payload)}`
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

/** Called after our signature was verified, so the claims are those that `issue` wrote. */
const parseClaims = (payload: JWTPayload): AccessTokenClaims => ({
  accountId: String(payload.sub),
  sessionId: String(payload['sid']),
  clientId: String(payload['client_id']),
  scope: String(payload['scope']),
  amr: payload['amr'] as string[],
  acr: payload['acr'] as Acr,
  authenticatedAt: new Date(Number(payload['auth_time']) * 1000),
})

/** Issues and verifies access tokens. */
export class AccessTokens {
  /** A signature is verified once per text: the result is valid until the token expires or its key is removed. */
  #verified = new LRUCache<string, Verified>({ max: maxVerified })

  constructor(private readonly options: AccessTokensOptions) {}

  /** A token that expires after `lifetimeSeconds`, but not later than `notAfter`. */
  issue(claims: NewAccessTokenClaims, now: Date, notAfter: Date): IssuedAccessToken {
    const key = this.options.signingKeys.current(now)
    const issuedAt = secondsOf(now)
    const expires = Math.min(issuedAt + this.options.lifetimeSeconds, secondsOf(notAfter))
    const aliases = claims.absorbedIds.slice(0, mostAliases)
    const payload = {
      sid: claims.sessionId,
      client_id: claims.clientId,
      scope: claims.scope,
      amr: claims.amr,
      acr: claims.acr,
      auth_time: secondsOf(claims.authenticatedAt),
      iss: this.options.issuer,
      aud: this.options.audience,
      sub: claims.accountId,
      iat: issuedAt,
      exp: expires,
      jti: this.options.random.uuid(),
      ...(aliases.length > 0 && { [aliasesClaim]: aliases }),
    }
    const token = signed({ alg: algorithm, typ: tokenType, kid: key.kid }, payload, key.privateKey)
    return { token, expiresAt: new Date(expires * 1000) }
  }

  /** The claims of a token that was verified before and is valid at `now`, otherwise null. */
  recall(token: string, now: Date): AccessTokenClaims | null {
    const known = this.#verified.get(token)
    return known !== undefined && now.getTime() < known.expiresAtMilliseconds ? known.claims : null
  }

  /** The claims of a token that is valid at `now`. Throws `UNAUTHENTICATED` with the private reason otherwise. */
  async verify(token: string, now: Date): Promise<AccessTokenClaims> {
    // `forget` may put another cache in its place meanwhile.
    const verified = this.#verified
    try {
      // A decoder ignores some bits of a signature's last character, so that several texts would be one token.
      if (!isInOneSpelling(token)) throw new errors.JWTInvalid('not in the spelling in which it was issued')
      const { payload } = await jwtVerify(token, (header) => this.#key(header.kid, now), {
        algorithms: [algorithm],
        typ: tokenType,
        issuer: this.options.issuer,
        audience: this.options.audience,
        currentDate: now,
        requiredClaims: ['sub', 'sid', 'exp', 'scope', 'auth_time'],
      })
      const claims = parseClaims(payload)
      verified.set(token, { claims, expiresAtMilliseconds: Number(payload.exp) * 1000 })
      return claims
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
      const sentence =
        error instanceof errors.JWTExpired
          ? 'The access token has expired. Refresh the session, or sign in.'
          : 'The bearer token does not hold.'
      throw new Failure('UNAUTHENTICATED', sentence, { reason: error.message })
    }
  }

  /** Clears the cache, including tokens that are being verified. Called when the signing keys have changed. */
  forget(): void {
    this.#verified = new LRUCache({ max: maxVerified })
  }

  async #key(kid: string | undefined, now: Date): Promise<CryptoKey> {
    const found = await this.options.signingKeys.find(kid ?? '', now)
    if (found === null) throw new errors.JWKSNoMatchingKey()
    return found.publicKey
  }
}
