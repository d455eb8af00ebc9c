// Accepts base64url only in its canonical spelling, because decoders read other texts as the same bytes.

/**
 * The bytes of a base64url text in its one spelling (RFC 4648 3.5 and 5): without padding, white space and the other
 * alphabet, and the bits that the last character does not need are zero. Null for any other text.
 */
export const bytesOfBase64url = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

/** True when each part of a compact JWS or JWE (RFC 7515 7.1, RFC 7516 7.1) is in its one spelling. */
export const isInOneSpelling = (compact: string): boolean =>
  compact.split('.').every((part) => bytesOfBase64url(part) !== null)
