// The pair of a verifier and its challenge, as a program makes it before it sends a person to the sign-in page.
import { createHash, randomBytes } from 'node:crypto'

/** A verifier and its challenge (RFC 7636 4.1 and 4.2, S256). */
export interface PkcePair {
  readonly codeVerifier: string
  readonly codeChallenge: string
}

/** A new pair. */
export const newPkcePair = (): PkcePair => {
  const codeVerifier = randomBytes(32).toString('base64url')
  return { codeVerifier, codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') }
}
