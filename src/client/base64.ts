// Standard base64 of bytes, where neither Node's Buffer nor a newer Uint8Array method can be relied on.

/** Standard base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
