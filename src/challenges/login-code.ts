// Login codes: what was proven at the sign-in page, sealed until the program that sent the person there redeems it once.
import { createHash } from 'node:crypto'
import type { Acr } from '../authorization/principal.js'
import type { Call } from '../database/call.js'
import type { Row } from '../database/row.js'
import type { CredentialStep, ProvenIdentity } from '../identities/identity.js'
import { bytesOfBase64url } from '../tokens/one-spelling.js'
import { type SealNeeds, seal, unseal } from '../tokens/sealed-value.js'
import { equalBytes } from '../tokens/secret.js'
import { spentRow } from './spent-challenge.js'

/** A proven identity that somebody else may open a session for. */
export interface LoginGrant {
  readonly proven: ProvenIdentity
  /** The level of all proofs together. */
  readonly acr: Acr
  /** RFC 8176 values of all proofs together. */
  readonly amr: readonly string[]
  /** The handle that was asked for with the proof, in canonical form, or null. */
  readonly handle: string | null
  /** The device of the proof, which is named in the list of sessions; null if it is not known. */
  readonly deviceName: string | null
  /** The account to which the proof led; null if the identity was unknown, so that the code registers it. */
  readonly accountId: string | null
  /** The first credential of an unknown identity; null if there is none, or the identity was known. */
  readonly credential: CredentialStep | null
  /**
   * The version of the account's password when it was proven; null if it had none. Another password ends the code, as
   * it ends sessions.
   */
  readonly passwordVersion: string | null
}

/** A login code. */
export interface LoginCode {
  /** Makes the code single-use: it is spent by inserting the nonce. */
  readonly nonce: string
  readonly grant: LoginGrant
  /** The SHA-256 of the verifier, in base64url (RFC 7636 4.2). */
  readonly codeChallenge: string
  readonly expiresAt: Date
}

/** Life of a login code, in seconds. A browser redeems it within one redirect (RFC 6749 4.1.2 allows ten minutes). */
const lifetimeSeconds = 60
/** 128 bits, so that it is unique. In bytes. */
const nonceLength = 16
/** Of SHA-256, in bytes. */
const hashLength = 32

/** The sealed data. */
interface SealedFields {
  readonly aud: string
  readonly n: string
  readonly g: LoginGrant
  readonly c: string
  readonly exp: number
}

/** True for the one spelling of a code challenge: a SHA-256 in base64url without padding (RFC 7636 4.2, S256). */
export const isCodeChallenge = (text: string): boolean => bytesOfBase64url(text)?.length === hashLength

/** RFC 7636 4.1: 43 to 128 unreserved characters. */
const verifierForm = /^[\w.~-]{43,128}$/

/** True if the code was issued for whoever has this verifier (RFC 7636 4.6). */
export const isVerifierOf = ({ codeChallenge }: LoginCode, verifier: string): boolean =>
  verifierForm.test(verifier) &&
  equalBytes(createHash('sha256').update(verifier).digest(), Buffer.from(codeChallenge, 'base64url'))

/** Seals and opens the login codes of one installation. */
export class LoginCodes {
  constructor(
    private readonly needs: SealNeeds,
    /** The public URL, so that codes of another installation with the same secret are not accepted. */
    private readonly audience: string,
  ) {}

  /** A code for 60 seconds, which only the holder of the verifier of `codeChallenge` can redeem. Writes nothing. */
  issue(call: Call, grant: LoginGrant, codeChallenge: string): string {
    const fields: SealedFields = {
      aud: this.audience,
      n: this.needs.random.bytes(nonceLength).toString('hex'),
      g: grant,
      c: codeChallenge,
      exp: call.now.getTime() + lifetimeSeconds * 1000,
    }
    return seal(this.needs, 'login-code', fields)
  }

  /** What a code contains; null if we did not issue it. It may have expired or be spent. */
  open(code: string): LoginCode | null {
    const opened = unseal(this.needs.keyRing, 'login-code', code)
    if (opened === null) return null
    // Only `issue` above has the key, so the fields are what it wrote.
    const { aud, n, g, c, exp } = opened.data as SealedFields
    return aud === this.audience ? { nonce: n, grant: g, codeChallenge: c, expiresAt: new Date(exp) } : null
  }

  /** The row that spends a code. Of any number of concurrent uses one succeeds; the others get `CHALLENGE_SPENT`. */
  spend(code: LoginCode): Row {
    return spentRow(code)
  }
}
