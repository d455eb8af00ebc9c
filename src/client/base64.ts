// Standard base64 without Node's Buffer and without newer Uint8Array methods, for all browsers.

/** Standard base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
