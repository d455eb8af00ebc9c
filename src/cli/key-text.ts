// Decodes the text of a key file. Editors on Windows write UTF-16 or a byte-order mark.

/** Null for bytes that are not text in any of these encodings, such as DER or PKCS#12. */
export const decodeKeyText = (bytes: Uint8Array): string | null => {
  const encoding = encodingOf(bytes)
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

/** By the byte-order mark. Without one: a key is ASCII, so in UTF-16 every other byte is zero. */
const encodingOf = ([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' => {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be'
  return 'utf-8'
}
